"use strict";
// A click on a heading sorts its table by that column: numbers from the top first, names from A.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const valueOf = (row, place) => {
    const cell = row.cells[place];
    return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
  };
  heads.forEach((head, place) => head.firstElementChild.addEventListener("click", () => {
    const now = head.getAttribute("aria-sort");
    const falling = now === "none" ? head.classList.contains("number") : now === "ascending";
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [one, two] = [valueOf(a, place), valueOf(b, place)];
      if (Number.isNaN(one) || Number.isNaN(two)) return Number.isNaN(one) - Number.isNaN(two);
      const order = typeof one === "string" ? one.localeCompare(two) : one - two;
      return falling ? -order : order;
    });
    table.tBodies[0].append(...rows);
  }));
}
// What is wider than the page says so: a table that is cut off may look whole.
const width = new ResizeObserver((boxes) => {
  for (const {target} of boxes) target.classList.toggle("wide", target.scrollWidth > target.clientWidth + 1);
});
for (const box of document.querySelectorAll(".scroll")) width.observe(box);
// One stop of the Tab key leads into a matrix; from there the arrow keys go to the next number.
const STEPS = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1]};
for (const matrix of document.querySelectorAll("table.matrix")) {
  const buttons = [...matrix.querySelectorAll("td button")];
  buttons.forEach((button, place) => { button.tabIndex = place ? -1 : 0; });
  matrix.addEventListener("keydown", (event) => {
    const step = STEPS[event.key], cell = event.target.closest("td");
    if (!step || !cell) return;
    event.preventDefault();
    let column = cell.cellIndex + step[0], row = cell.parentElement.sectionRowIndex + step[1];
    for (; matrix.tBodies[0].rows[row]?.cells[column]; column += step[0], row += step[1]) {
      const next = matrix.tBodies[0].rows[row].cells[column].querySelector("button");
      if (!next || next === event.target) continue;
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
      return;
    }
  });
}
