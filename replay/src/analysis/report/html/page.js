"use strict";
// Lets a pointer read charts off and enlarge the lanes. The page is complete without it.
const data = JSON.parse(document.getElementById("data").textContent);
const tip = document.getElementById("tip");

function show(event, text) {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const right = event.clientX + 16 + box.width > innerWidth;
  tip.style.left = `${right ? event.clientX - 16 - box.width : event.clientX + 16}px`;
  tip.style.top = `${Math.max(4, Math.min(event.clientY + 12, innerHeight - box.height - 4))}px`;
}

// Where a pointer stands in the units of a drawing.
function place(svg, event) {
  const box = svg.getBoundingClientRect();
  const view = svg.viewBox.baseVal;
  return [
    view.x + (event.clientX - box.left) / box.width * view.width,
    view.y + (event.clientY - box.top) / box.height * view.height,
  ];
}

function nearest(at, value) {
  let best = 0;
  at.forEach((other, i) => { if (Math.abs(other - value) < Math.abs(at[best] - value)) best = i; });
  return best;
}

function readable(chart) {
  const svg = document.querySelector(`#${chart.id} svg`);
  if (!svg || chart.at.length === 0) return;
  const [left, top, right, bottom] = chart.box;
  const line = document.createElementNS(svg.namespaceURI, "path");
  line.setAttribute("class", "pointer");
  svg.append(line);
  svg.addEventListener("pointermove", (event) => {
    const i = nearest(chart.at, place(svg, event)[chart.down ? 1 : 0]);
    const at = chart.at[i];
    line.setAttribute("d", chart.down ? `M${left} ${at}H${right}` : `M${at} ${top}V${bottom}`);
    const rows = chart.rows.map(([name, texts]) => `${name}\u2003${texts[i]}`);
    show(event, [chart.heads[i], ...rows].join("\n"));
  });
  svg.addEventListener("pointerleave", () => {
    line.removeAttribute("d");
    tip.hidden = true;
  });
}

function enlargeable(lanes) {
  const svg = document.querySelector("#lanes svg");
  if (!svg) return;
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const ticks = [...document.querySelectorAll("#lanes .ticks span")];
  let begun = null;
  const see = (from, to) => {
    svg.setAttribute("viewBox", `${from} 0 ${to - from} ${height}`);
    ticks.forEach((tick, i) => {
      const at = from + (to - from) * i / (ticks.length - 1);
      tick.textContent = `${(at / width * lanes.end).toFixed(3)} s`;
    });
  };
  svg.addEventListener("pointerdown", (event) => {
    begun = place(svg, event)[0];
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointerup", (event) => {
    const now = place(svg, event)[0];
    const [from, to] = [Math.max(0, Math.min(begun, now)), Math.min(width, Math.max(begun, now))];
    if (to - from > svg.viewBox.baseVal.width / 100) see(from, to);
    begun = null;
  });
  svg.addEventListener("dblclick", () => see(0, width));
  svg.addEventListener("pointermove", (event) => {
    const [x, y] = place(svg, event);
    const at = x / width * lanes.end;
    if (begun !== null) return show(event, `${(begun / width * lanes.end).toFixed(3)} s to ${at.toFixed(3)} s`);
    const lane = Math.floor(y / height * lanes.lanes);
    const row = lanes.rows.find(([its, from, to]) => its === lane && from <= at && at <= to);
    if (row) show(event, row[3]);
    else tip.hidden = true;
  });
  svg.addEventListener("pointerleave", () => { tip.hidden = true; });
}

data.charts.forEach(readable);
if (data.lanes) enlargeable(data.lanes);

// For whoever checks the page: how far down its answers stand (asking for that lays the page out), and
// when that was done.
addEventListener("load", () => {
  const told = document.documentElement.dataset;
  for (const id of ["verdict", "knee", "lag"]) {
    const element = document.getElementById(id);
    if (element) told[`${id}Bottom`] = Math.round(element.getBoundingClientRect().bottom + scrollY);
  }
  told.readyMs = Math.round(performance.now());
});
