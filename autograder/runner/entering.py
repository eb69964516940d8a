"""How a fork enters an empty sandbox that bubblewrap has made: the same namespaces, user, capabilities and filter.

Every step that fails raises, and the process ends before it has read a byte of a submission.

Source: Linux, setns(2) on several namespaces by a pidfd, capabilities(7), seccomp(2), prctl(2).
"""

import ctypes
import os

NEW_MOUNTS, NEW_CGROUPS, NEW_NAMES, NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEW_USERS, NEW_PROCESSES, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
CAPBSET_DROP, SET_SECCOMP, SET_NO_NEW_PRIVS, CAP_AMBIENT, SET_CHILD_SUBREAPER = 24, 22, 38, 47, 36
FILTER_MODE, CLEAR_ALL = 2, 4
CAPABILITY_VERSION = 0x20080522
CAPABILITIES = 64  # what a kernel does not know is refused, which ends the list

LIBC = ctypes.CDLL(None, use_errno=True)


class Filter(ctypes.Structure):
    """struct sock_fprog: a program of classic BPF."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def called(name, *arguments):
    """Call the C library. Raises OSError with its error."""
    if getattr(LIBC, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def prctl(option, *arguments):
    called("prctl", option, *(ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]))


def children_in(process):
    """Let the next children of this process be born in the process namespace of another, a descriptor of which is given."""
    called("setns", process, NEW_PROCESSES)


def join(process, user_namespace):
    """Enter all other namespaces of a process at once: it is allowed all of them, or none."""
    spaces = NEW_MOUNTS | NEW_CGROUPS | NEW_NAMES | NEW_IPC | NEW_NETWORK
    called("setns", process, spaces | (NEW_USERS if user_namespace else 0))


def drop_bounding_set():
    for number in range(CAPABILITIES):
        try:
            prctl(CAPBSET_DROP, number)
        except OSError:
            if number == 0:
                raise
            break


def drop_capabilities():
    header, none = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    prctl(CAP_AMBIENT, CLEAR_ALL)
    called("capset", header, none)


def become(uid):
    """Be a user of one's own, of no group, with no way back."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def refuse(program):
    """Let the kernel refuse what the filter names, to this process and all that come of it."""
    held = Filter(len(program) // 8, program)
    called("prctl", SET_SECCOMP, FILTER_MODE, ctypes.byref(held), 0, 0)


def enter(process, uid, program, folder):
    """All of it; ``uid`` is None where the sandbox has a user namespace of its own."""
    join(process, uid is None)
    os.setsid()
    os.chdir(folder)
    drop_bounding_set()
    if uid is not None:
        become(uid)
    drop_capabilities()
    prctl(SET_NO_NEW_PRIVS, 1)
    refuse(program)
