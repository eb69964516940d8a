// What the keyboard and screen readers need of formulas.
(() => {
  // A formula that is wider than the page scrolls in its own box. Let the keyboard reach those that do.
  const letScroll = () => {
    for (const box of document.querySelectorAll('mjx-container[display="true"], .bd-content div.math')) {
      if (box.scrollWidth > box.clientWidth) box.setAttribute("tabindex", "0");
      else box.removeAttribute("tabindex");
    }
  };

  // An answer that is nothing but a formula needs words for its name; TeX is how a formula is written in words.
  const nameFolds = () => {
    for (const formula of window.MathJax?.startup?.document?.math ?? []) {
      const fold = formula.typesetRoot?.closest("summary");
      const words = fold?.cloneNode(true);
      words?.querySelectorAll("mjx-container").forEach((found) => found.remove());
      if (words?.textContent.trim() === "") fold.setAttribute("aria-label", formula.math);
    }
  };

  window.addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    nameFolds();
    letScroll();
    window.addEventListener("resize", letScroll);
    document.addEventListener("toggle", letScroll, true); // what is folded has no width
  });
})();
