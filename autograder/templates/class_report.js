"use strict";
const value = (row, place) => row.cells[place].dataset.sort ?? row.cells[place].textContent;
const number = /^-?\d+(\.\d+)?(?= |$)/; // what stands behind it are signs
const compare = (a, b) => {
  const both = [number.exec(a), number.exec(b)];
  return both[0] && both[1] ? both[0][0] - both[1][0] : a.localeCompare(b, undefined, { numeric: true });
};

function sortBy(button) {
  const head = button.closest("th"), body = head.closest("table").tBodies[0];
  const turn = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", turn === 1 ? "ascending" : "descending");
  const rows = [...body.rows].map((row) => [value(row, head.cellIndex), row]);
  rows.sort((a, b) => turn * compare(a[0], b[0]));
  body.append(...rows.map(([, row]) => row));
}

function search(field) {
  const wanted = field.value.trim().toLocaleLowerCase();
  let found = 0, all = 0;
  for (const row of document.querySelectorAll("table.everyone tbody tr")) {
    const hit = row.cells[0].textContent.toLocaleLowerCase().includes(wanted);
    row.hidden = !hit;
    all += 1;
    found += hit;
  }
  const told = document.getElementById("found");
  told.textContent = wanted ? told.dataset.told.replace("{found}", found).replace("{all}", all) : "";
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("th button");
  if (button) sortBy(button);
});
const field = document.getElementById("search");
if (field) {
  field.closest("form").hidden = false;
  field.addEventListener("input", () => search(field));
  field.closest("form").addEventListener("submit", (event) => event.preventDefault());
}
