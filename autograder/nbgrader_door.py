"""nbgrader's own door: what nbgrader is told of a course, and by which names it finds what is ours.

The configuration of every course imports this module, and so does every command of ours. The classes behind the names need
nbgrader as a whole, which takes more than a second to load; so they are loaded when nbgrader asks for them.
"""

import os
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from autograder import settings

TEMPLATES = Path(__file__).parent / "templates"
CLASSES = dict.fromkeys(
    ("ConfirmIntake", "GradeInSandbox", "LatePenalty", "ShowMathematics"), "autograder.nbgrader_classes"
)
CLASSES |= dict.fromkeys(("CollectIntoInbox", "ReleaseToExchange"), "autograder.nbgrader_exchange")


def __getattr__(name: str) -> Any:
    if name not in CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(CLASSES[name]), name)


def configure(c: Any, file: str) -> None:
    """Set what nbgrader needs to know of the course whose configuration file this is."""
    said = settings.read(Path(file).parent)
    c.CourseDirectory.course_id = said.name
    database = os.environ.get(settings.DATABASE, said.database)
    if database is not None:
        c.CourseDirectory.db_url = database
    # What students handed in arrives in the inbox, and only 'autograder intake' (or 'autograder grade') takes it further.
    c.ExchangeFactory.collect = "autograder.nbgrader_door.CollectIntoInbox"
    c.ExchangeFactory.release_feedback = "autograder.nbgrader_door.ReleaseToExchange"
    c.ZipCollectApp.CourseDirectory.submitted_directory = "inbox"
    c.ZipCollectApp.extractor_plugin = "autograder.envelopes.SafeExtractor"
    c.ZipCollectApp.collector_plugin = "autograder.envelopes.EnvelopeCollector"
    # Nothing of a submission is executed by nbgrader: the sandbox runs it and the judge decides.
    c.Autograde.sanitize_preprocessors = ["autograder.nbgrader_door.ConfirmIntake"]
    c.Autograde.autograde_preprocessors = ["autograder.nbgrader_door.GradeInSandbox"]
    # Feedback pages hold no script and ask no other host for anything.
    c.GenerateFeedback.preprocessors = ["nbgrader.preprocessors.GetGrades", "autograder.nbgrader_door.ShowMathematics"]
    c.GenerateFeedback.HTMLExporter.template_name = "course_feedback"
    c.GenerateFeedback.HTMLExporter.extra_template_basedirs = [str(TEMPLATES)]
    c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
    if said.late.percent_per_day:
        c.AssignLatePenalties.plugin_class = "autograder.nbgrader_door.LatePenalty"
        c.LatePenalty.late = asdict(said.late)
