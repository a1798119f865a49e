// Feeds the home page: asks the one live address every few seconds while the page is visible.
const EVERY_MS = 4000;
const home = document.getElementById("home");
const byId = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en-US");
const charts = {};

function put(id, text) {
  const element = byId(id);
  if (element) element.textContent = text;
}

// Builds rows from text only, so that nothing a vendor sent can become markup.
function fill(id, rows, empty) {
  const body = byId(id);
  if (!body) return;
  body.replaceChildren();
  if (!rows.length) {
    const row = body.insertRow();
    const cell = row.insertCell();
    cell.colSpan = 9;
    cell.className = "quiet";
    cell.textContent = empty;
    return;
  }
  for (const cells of rows) {
    const row = body.insertRow();
    for (const { text, className, node } of cells) {
      const cell = row.insertCell();
      if (className) cell.className = className;
      if (node) cell.append(node);
      else cell.textContent = text;
    }
  }
}

function pill(text, level) {
  const element = document.createElement("span");
  element.className = `pill pill-${level}`;
  element.textContent = text;
  return element;
}

function link(text, url) {
  const element = document.createElement("a");
  element.className = "staff-link";
  element.href = url;
  element.textContent = text;
  return element;
}

function colour(name) {
  // Chart.js cannot read oklch variables; a probe gives what the browser makes of them.
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function look(type, main) {
  return {
    backgroundColor: main, borderColor: main, borderWidth: type === "line" ? 2 : 0,
    pointRadius: 0, pointHoverRadius: 4, cubicInterpolationMode: "monotone", borderRadius: 2,
  };
}

function draw(id, type, labels, values, unit) {
  const canvas = byId(id);
  if (!canvas || !window.Chart) return;
  const ink = colour("--staff-quiet");
  const line = colour("--staff-line");
  const main = colour("--color-primary-500");
  if (!charts[id]) {
    charts[id] = new Chart(canvas, {
      type,
      // With its colours from the start: Chart.js keeps those it first drew with.
      data: { labels, datasets: [{ data: values, unit, ...look(type, main) }] },
      options: {
        animation: false,
        maintainAspectRatio: false,
        plugins: { legend: { display: false }, tooltip: { callbacks: { label: (item) => `${number(item.parsed.y)} ${item.dataset.unit}` } } },
        scales: { x: { ticks: { maxTicksLimit: 8, maxRotation: 0 }, grid: { display: false } }, y: { ticks: { maxTicksLimit: 6 } } },
      },
    });
  }
  const chart = charts[id];
  chart.data.labels = labels;
  Object.assign(chart.data.datasets[0], {
    data: values, unit, ...look(type, main),
  });
  for (const axis of ["x", "y"]) {
    chart.options.scales[axis].ticks.color = ink;
    chart.options.scales[axis].border = { color: line };
  }
  chart.options.scales.y.grid = { color: line };
  chart.update("none");
}

function showPlay(play) {
  put("bets-per-minute", number(play.bets_per_minute));
  put("bets-today", number(play.bets_today));
  put("active-players", number(play.active_players));
  put("ggr-today", play.today.length ? play.today[0].ggr : "–");
  put("ggr-note", play.today.length > 1 ? `stakes less wins; ${play.today.length - 1} more currencies below` : "stakes less wins");
  put("ggr-currency", play.ggr_currency ? `in ${play.ggr_currency}` : "");
  draw("chart-bets", "bar", play.minutes, play.bets, "bets");
  draw("chart-ggr", "line", play.minutes, play.ggr, play.ggr_currency);
  fill("today", play.today.map((row) => [
    { text: row.currency },
    { text: number(row.bets), className: "right" },
    { text: row.staked, className: "right nowrap" },
    { text: row.ggr, className: "right nowrap" },
    { text: row.margin, className: "right" },
  ]), "No play since midnight UTC.");
}

function showVendors(vendors) {
  const ms = (value) => (value === null ? "–" : `${value.toFixed(1)} ms`);
  const switches = { on: ["on", "good"], no_new_play: ["no new play", "warning"], off: ["off", "bad"] };
  const words = { auth: "not authenticated", error: "errors", timeout: "time-outs" };
  fill("vendors", vendors.map((vendor) => {
    const wrong = Object.entries(words).filter(([name]) => vendor.classes[name]).map(([name, word]) => `${number(vendor.classes[name])} ${word}`);
    return [
      { node: link(vendor.slug, vendor.url) },
      { node: pill(...switches[vendor.switch]) },
      { text: number(vendor.requests), className: "right" },
      vendor.success === null
        ? { text: "–", className: "right" }
        : { node: pill(`${vendor.success.toFixed(2)} %`, vendor.success >= 99 ? "good" : vendor.success >= 95 ? "warning" : "bad"), className: "right" },
      { text: ms(vendor.p50), className: "right nowrap" },
      { text: ms(vendor.p95), className: "right nowrap" },
      { text: ms(vendor.p99), className: "right nowrap" },
      { text: wrong.join(", ") || "–" },
      { text: vendor.last_good, className: "nowrap" },
    ];
  }), "No vendor is connected to a brand in your scope.");
}

function showAttention(items) {
  const list = byId("attention");
  list.replaceChildren();
  if (!items.length) {
    const calm = document.createElement("p");
    calm.className = "staff-empty";
    calm.textContent = "Nothing. No switch is thrown, no key runs out, no round is stuck that you could see.";
    list.append(calm);
  }
  for (const item of items) {
    const row = document.createElement("p");
    row.className = "staff-note";
    row.append(pill(item.level === "bad" ? "now" : "soon", item.level), " ", link(item.text, item.url));
    list.append(row);
  }
}

async function refresh() {
  if (document.visibilityState !== "visible") return;
  try {
    const reply = await fetch(home.dataset.live, { headers: { Accept: "application/json" }, redirect: "error" });
    if (!reply.ok) throw new Error(reply.statusText);
    const found = await reply.json();
    showAttention(found.attention);
    if (found.play) showPlay(found.play);
    if (found.vendors) showVendors(found.vendors);
    put("as-of", found.at);
    byId("stale").hidden = true;
    home.dataset.ready = "1";
  } catch {
    byId("stale").hidden = false;
  }
}

refresh();
setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
