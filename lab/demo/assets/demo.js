"use strict";
// The page polls the demo's state, draws it, and sends what its buttons say. It shows texts as texts only.

const kept = 900; // points a service
const services = new Map(); // name → {points, node}
let since = -1;
let latest = null;
let cursor = null;
let order = null; // the order that is watched: {id, timer}

function set(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

function make(tag, text, css) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (css) node.className = css;
  return node;
}

function find(name) {
  if (!services.has(name)) {
    const node = [...document.querySelectorAll("[data-service]")].find((n) => n.dataset.service === name);
    services.set(name, { points: [], node });
  }
  return services.get(name);
}

// at is the newest point that is not after t, or the newest of all.
function at(points, t) {
  let found = points[points.length - 1];
  if (t === null) return found;
  for (const p of points) if (p[0] <= t) found = p;
  return found;
}

function show(state) {
  latest = state;
  set(document.getElementById("clock"), state.clock);
  for (const s of state.services) {
    const known = find(s.name);
    for (const p of s.points || []) {
      if (p[0] > since) known.points.push(p);
    }
    while (known.points.length && (known.points.length > kept || known.points[0][0] < state.elapsed - hour)) known.points.shift();
    known.state = s;
  }
  for (const s of services.values()) {
    if (s.points.length) since = Math.max(since, s.points[s.points.length - 1][0]);
  }
  draws();
  for (const s of services.values()) pods(s);
  topics(state.topics);
  choices(state.choices || []);
  decisions(state.decisions || []);
  set(document.getElementById("going"), (state.going || []).map((text) => text + ".").join(" "));
  guide(state);
}

function draws() {
  if (!latest) return;
  for (const { node, points, state } of services.values()) {
    if (!node) continue;
    const p = at(points, cursor) || [];
    const texts = {
      lag: number(p[1]),
      age: span(p[2]),
      burndown: span(p[7]),
      pods: p[3] === undefined ? "unknown" : `${number(p[3])} of ${number(p[4])}`,
      rates: rates(p[5], p[6]),
    };
    for (const figure of node.querySelectorAll("[data-chart]")) {
      const kind = figure.dataset.chart;
      const plot = figure.querySelector(".plot");
      draw(plot, kind, points, latest.elapsed, cursor, kind === "pods" ? state.ceiling : null);
      set(figure.querySelector("output"), texts[kind]);
      plot.setAttribute("aria-label", `${figure.querySelector("span").textContent} of ${state.name} over the last hour, now ${texts[kind]}${kind === "pods" ? `, maximum ${state.ceiling.replicas}: ${state.ceiling.why}` : ""}`);
    }
  }
}

function rates(made, used) {
  const known = (v) => v !== null && v !== undefined;
  return known(made) && known(used) ? `${number(made)} in, ${number(used)} out` : "unknown";
}

function pods({ node, state }) {
  if (!node) return;
  node.classList.toggle("stopped", state.stopped);
  const list = node.querySelector(".podlist");
  const all = state.pods || [];
  while (list.children.length > all.length) list.lastChild.remove();
  const counts = new Map();
  all.forEach((p, i) => {
    const item = list.children[i] || list.appendChild(make("li"));
    item.dataset.phase = p.phase;
    item.title = `${p.name}: ${p.phase}, ${p.handled} handled`;
    counts.set(p.phase, (counts.get(p.phase) || 0) + 1);
  });
  const words = [...counts].map(([phase, n]) => `${n} ${phase}`).join(", ") || "no pods: scaled to zero";
  set(node.querySelector(".podtext"), words);
  set(node.querySelector(".note"), state.note);
  const stop = node.querySelector(".stop");
  stop.setAttribute("aria-pressed", String(state.stopped));
  set(stop, state.stopped ? "Let it consume" : "Stop consuming");
}

function topics(all) {
  for (const t of all) {
    for (const form of document.querySelectorAll("form[data-topic]")) {
      if (form.dataset.topic !== t.name) continue;
      const on = form.getAttribute("action") === "./burst" ? t.burst : t.skewed;
      form.querySelector("button").setAttribute("aria-pressed", String(on));
    }
  }
}

function choices(all) {
  for (const c of all) {
    for (const form of document.querySelectorAll("form[data-candidate]")) {
      if (form.dataset.candidate === c.candidate) form.querySelector("button").setAttribute("aria-pressed", String(c.on));
    }
  }
}

// guide marks the step of the first minute that is next. The steps are done one after the other.
const steps = { done: 0, burst: false, wanted: 0, on: "" };
function guide(state) {
  const section = document.getElementById("guide");
  const items = section.querySelectorAll("li");
  const watched = state.services.find((s) => s.name === section.dataset.watch);
  const topic = state.topics.find((t) => t.name === section.dataset.topic);
  const on = (state.choices || []).find((c) => c.on);
  if (!watched || !topic) return;
  if (steps.done === 0) {
    Object.assign(steps, { wanted: watched.desired, on: on ? on.candidate : "" });
    if (topic.burst) steps.done = 1;
  }
  if (steps.done === 1) {
    // They may have been many for a load that is over: the fewest since the burst began count. More than all cannot come.
    steps.wanted = Math.min(steps.wanted, watched.desired);
    if (watched.desired > steps.wanted || watched.ceiling.replicas && watched.desired >= watched.ceiling.replicas) steps.done = 2;
  }
  if (steps.done === 2 && !topic.burst && watched.age !== null && watched.age < Number(section.dataset.objective)) steps.done = 3;
  if (steps.done === 3 && topic.burst && on && on.candidate !== steps.on) steps.done = 4;
  items.forEach((item, i) => {
    item.classList.toggle("done", i < steps.done);
    if (i === steps.done) item.setAttribute("aria-current", "step"); else item.removeAttribute("aria-current");
  });
}

let shown = "";
function decisions(all) {
  const key = all.length ? [all[0].at, all[0].service, all.length].join(" ") : "";
  if (key === shown) return;
  shown = key;
  const rows = all.map((d) => {
    const row = make("tr");
    const change = d.to === d.from ? make("td", String(d.to)) : make("td", `${d.from} → ${d.to}`, d.to > d.from ? "up" : "down");
    const cells = [make("td", d.clock), make("th", d.service), make("td", d.by), change, make("td", d.why)];
    cells[1].scope = "row";
    ["Time", "Service", "By", "Replicas", "Why"].forEach((name, i) => { cells[i].dataset.label = name; });
    row.append(...cells);
    return row;
  });
  document.getElementById("decisions").replaceChildren(...rows);
}

// say shows an answer for as long as it is news. What lasts, the state says.
const news = 10000; // ms
let hush = 0;
function say(text) {
  clearTimeout(hush);
  set(document.getElementById("said"), text);
  hush = setTimeout(() => set(document.getElementById("said"), ""), news);
}

async function send(form) {
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

const lasting = new Set(["./burst", "./skew", "./stop"]); // the state says what they caused, and for how long

async function press(event) {
  const form = event.target;
  event.preventDefault();
  try {
    const result = await send(form);
    if (result.id !== undefined) watch(result.id);
    if (result.id !== undefined) say(`Order ${result.id} is placed.`);
    else if (!lasting.has(form.getAttribute("action"))) say(result.said + ".");
    else say("");
    poll();
  } catch (err) {
    say(err.message || "The demo does not answer.");
  }
}

function watch(id) {
  if (order) clearTimeout(order.timer);
  document.getElementById("way").hidden = false;
  order = { id, timer: 0 };
  follow(order);
}

async function follow(o) {
  try {
    const answer = await fetch("./orders/" + o.id);
    if (answer.ok && o === order) {
      const state = await answer.json();
      stages(state);
      if (state.closed || state.refused) return;
    }
  } catch { /* asked again */ }
  if (o === order) o.timer = setTimeout(() => follow(o), 500);
}

function stages(state) {
  const done = new Map((state.stages || []).map((s) => [`${s.service} ${s.topic}`, new Date(s.at)]));
  const placed = new Date(state.placed);
  done.set("placed", placed);
  let waiting = true;
  const items = [...document.querySelectorAll("#stages .stage")];
  items.forEach((item, i) => {
    const when = done.get(item.dataset.stage);
    const stops = when && state.refused && !(items[i + 1] && done.has(items[i + 1].dataset.stage));
    item.classList.toggle("done", Boolean(when));
    item.classList.toggle("refused", Boolean(stops));
    item.classList.toggle("next", !when && waiting && !state.refused);
    let text = when ? (i === 0 ? "" : "after " + span(((when - placed) / 1000) * latest.speed)) : "";
    if (stops) text = "invalid: refused";
    if (!when && waiting && !state.refused) { text = "waits"; waiting = false; }
    set(item.querySelector("em"), text);
  });
  const end = state.closed ? "is closed" : state.refused ? "was refused" : "is on its way";
  set(document.getElementById("order-about"), `Order ${state.id} ${end}.`);
}

let timer = 0;
async function poll() {
  clearTimeout(timer);
  try {
    const answer = await fetch("./state?since=" + since, { cache: "no-store" });
    if (!answer.ok) throw new Error();
    show(await answer.json());
  } catch {
    say("The demo does not answer any more.");
  }
  clearTimeout(timer);
  timer = setTimeout(poll, document.hidden ? 5000 : 1000);
}

function point(event) {
  const plot = event.target.closest ? event.target.closest(".plot") : null;
  if (!plot || !latest) { if (cursor !== null) { cursor = null; draws(); } return; }
  const box = plot.getBoundingClientRect();
  const from = Number(plot.dataset.from);
  cursor = from + ((event.clientX - box.left) / box.width) * (latest.elapsed - from);
  draws();
}

document.addEventListener("submit", press);
document.addEventListener("pointermove", point);
document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
poll();
