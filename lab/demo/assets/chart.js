"use strict";
// Charts: small multiples that share one time axis. Values that are not known leave a gap, never a zero.

const svgNS = "http://www.w3.org/2000/svg";
const hour = 3600;
const shortest = 600; // seconds of the scenario that a chart spans at least

const charts = {
  lag: { lines: [{ css: "lag", at: 1, area: true }], unit: "" },
  age: { lines: [{ css: "age", at: 2, area: true }], unit: " s" },
  burndown: { lines: [{ css: "burndown", at: 7, area: true }], unit: " s" },
  pods: { lines: [{ css: "pods", at: 3, area: true, step: true }, { css: "wanted", at: 4, step: true }], unit: "", whole: true },
  rates: { lines: [{ css: "made", at: 5 }, { css: "used", at: 6 }], unit: "/s" },
};

// nice is the next round number, for the top of an axis.
function nice(v) {
  const power = 10 ** Math.floor(Math.log10(v));
  for (const step of [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]) {
    if (v <= step * power) return step * power;
  }
  return 10 * power;
}

// number writes a value with its thousands apart.
function number(v) {
  if (v === null || v === undefined) return "unknown";
  const digits = v !== 0 && v < 10 ? 1 : 0;
  return v.toFixed(digits).replace(/\.0$/, "").replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

// span writes seconds in words.
function span(v) {
  if (v === null || v === undefined) return "unknown";
  if (v < 120) return number(v) + " s";
  if (v < 7200) return Math.floor(v / 60) + " min " + String(Math.floor(v % 60)).padStart(2, "0") + " s";
  return Math.floor(v / 3600) + " h " + String(Math.floor((v / 60) % 60)).padStart(2, "0") + " min";
}

// path draws a line of 100 × 100 units, broken where a value is missing.
function path(points, line, x, top, area) {
  let out = "";
  let open = null; // x of the first point of the stretch
  let last = null;
  const close = () => {
    if (area && open !== null) out += `L${last.toFixed(2)} 100L${open.toFixed(2)} 100Z`;
    open = null;
  };
  for (const p of points) {
    const v = p[line.at];
    if (v === null) { close(); continue; }
    const px = x(p[0]);
    const py = 100 - (100 * v) / top;
    if (open === null) {
      out += `M${px.toFixed(2)} ${py.toFixed(2)}`;
      open = px;
    } else {
      out += line.step ? `H${px.toFixed(2)}V${py.toFixed(2)}` : `L${px.toFixed(2)} ${py.toFixed(2)}`;
    }
    last = px;
  }
  close();
  return out;
}

function part(svg, css, d) {
  let node = svg.querySelector(`[data-part="${css}"]`);
  if (!node) {
    node = document.createElementNS(svgNS, "path");
    node.setAttribute("class", css);
    node.dataset.part = css;
    svg.append(node);
  }
  node.setAttribute("d", d);
}

function label(plot, css, text) {
  let node = plot.querySelector("." + css);
  if (!node) {
    node = document.createElement("span");
    node.className = css;
    plot.append(node);
  }
  if (node.textContent !== text) node.textContent = text;
}

// draw brings one chart up to date. now and cursor are scenario seconds; cursor is null while nobody points at a chart.
// ceiling is a line across the chart with its reason, or null.
function draw(plot, kind, points, now, cursor, ceiling) {
  const chart = charts[kind];
  let svg = plot.querySelector("svg");
  if (!svg) {
    svg = document.createElementNS(svgNS, "svg");
    svg.setAttribute("viewBox", "0 0 100 100");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    plot.append(svg);
  }
  const first = points.length ? points[0][0] : now;
  const from = Math.min(Math.max(now - hour, first), now - shortest);
  const x = (t) => (100 * (t - from)) / (now - from);
  let top = ceiling ? 1.34 * ceiling.replicas : 1; // the reason stands above its line
  for (const p of points) for (const line of chart.lines) top = Math.max(top, p[line.at] || 0);
  top = chart.whole && top < 20 ? 2 * Math.ceil((top + 0.5) / 2) : nice(top * 1.05);
  part(svg, "grid", "M0 0H100M0 50H100M0 100H100");
  for (const line of chart.lines) {
    if (line.area) part(svg, "area " + line.css, path(points, line, x, top, true));
    part(svg, line.css, path(points, line, x, top, false));
  }
  if (ceiling) {
    const y = 100 - (100 * ceiling.replicas) / top;
    part(svg, "most", `M0 ${y.toFixed(2)}H100`);
    label(plot, "why", ceiling.why);
    plot.querySelector(".why").style.bottom = `calc(${(100 - y).toFixed(2)}% + 2px)`;
  }
  part(svg, "cursor", cursor === null ? "" : `M${x(cursor).toFixed(2)} 0V100`);
  label(plot, "top", number(top) + chart.unit);
  label(plot, "from", `−${Math.round((now - from) / 60)} min`);
  label(plot, "to", "now");
  plot.dataset.from = from;
}
