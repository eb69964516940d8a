// Formulas that are wider than the page scroll in their own box. Let the keyboard reach those that do.
(() => {
  const letScroll = () => {
    for (const box of document.querySelectorAll('mjx-container[display="true"], .bd-content div.math')) {
      if (box.scrollWidth > box.clientWidth) box.setAttribute("tabindex", "0");
      else box.removeAttribute("tabindex");
    }
  };
  window.addEventListener("load", () => {
    (window.MathJax?.startup?.promise ?? Promise.resolve()).then(letScroll);
    window.addEventListener("resize", letScroll);
    document.addEventListener("toggle", letScroll, true); // what is folded has no width
  });
})();
