// The page of conventions: choose two libraries and a cell, see their rows alone and what differs; sort by any column.
const liven = () => {
  const form = document.querySelector(".libraries-chooser");
  const answer = document.querySelector(".libraries-answer");
  if (!form) return;
  const rows = [...document.querySelectorAll("#layouts tbody tr, #facts tbody tr")];
  const heads = [...document.querySelectorAll("#layouts thead th")].map((head) => head.textContent);
  const COMPARED = new Set(["blocks", "matrices", "biases", "z is the share of", "added at run time"]);
  const texts = (row) => [...row.children].map((part) => part.textContent);

  // What has to be changed on the way, for each cell of the first library.
  const differences = (from, to, cell) => {
    const of = (library) => [...document.querySelectorAll("#layouts tbody tr")].filter((row) => row.dataset.library === library);
    const list = document.createElement("ul");
    for (const one of of(from)) {
      const its = one.dataset.cell;
      if (cell && cell !== its) continue;
      const other = of(to).find((row) => row.dataset.cell === its);
      const item = document.createElement("li");
      const a = texts(one);
      if (other) {
        const b = texts(other);
        const moved = heads.flatMap((head, k) => (COMPARED.has(head) && a[k] !== b[k] ? [`${head}: ${a[k]} → ${b[k]}`] : []));
        const code = Object.assign(document.createElement("code"), {
          textContent: `to("${to}", "${its}", from_("${from}", "${its}", parameters))`,
        });
        item.append(`${a[1]}. ${a[7]} → ${b[7]}; ${moved.length ? moved.join("; ") : "the same layout"}. `, code);
      } else item.append(`${a[1]}. There is none in ${texts(of(to)[0])[0]}.`);
      list.append(item);
    }
    return list;
  };

  const show = () => {
    const [from, to, cell] = ["from", "to", "cell"].map((name) => form.elements[name].value);
    const wanted = [from, to].filter(Boolean);
    for (const row of rows) {
      const {library, cell: its} = row.dataset;
      row.hidden = (wanted.length > 0 && !wanted.includes(library)) || Boolean(cell && its && cell !== its);
    }
    answer.replaceChildren(...(from && to && from !== to ? [differences(from, to, cell)] : []));
  };

  // A button in each head sorts by its column, and a second time the other way round.
  for (const head of document.querySelectorAll("#layouts thead th, #facts thead th")) {
    const button = Object.assign(document.createElement("button"), {type: "button", textContent: head.textContent});
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const body = head.closest("table").tBodies[0];
      const sorted = [...body.rows].sort((a, b) => texts(a)[head.cellIndex].localeCompare(texts(b)[head.cellIndex], "en", {numeric: true}));
      body.append(...(up ? sorted : sorted.reverse()));
    });
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", show);
  form.addEventListener("reset", () => setTimeout(show));
  form.hidden = false;
  show();
};
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", liven);
else liven();
