// Counts time down and refreshes what has changed. The page works without it, by reloading.
"use strict";

(() => {
  const live = document.getElementById("live");

  // Spans of time, as the server writes them.
  const span = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000));
    const [days, hours, minutes] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
    if (days) return `${days} d ${hours} h`;
    if (hours) return `${hours} h ${minutes} min`;
    return minutes ? `${minutes} min ${s % 60} s` : `${s} s`;
  };

  // The server's clock counts, not this machine's: each countdown runs from when its element came.
  const since = new WeakMap();
  const tick = () => {
    for (const element of document.querySelectorAll("[data-left]")) {
      if (!since.has(element)) since.set(element, performance.now());
      const left = Number(element.dataset.left) - (performance.now() - since.get(element));
      element.textContent = left > 0 ? `${span(left)} left` : "expired";
      element.classList.toggle("soon", left < 60000);
    }
    for (const element of document.querySelectorAll("time[datetime]:not([data-left]):not([title])")) {
      element.title = element.textContent;
      const at = new Date(element.dateTime);
      if (!Number.isNaN(at.valueOf())) element.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
    }
  };
  tick();
  setInterval(tick, 1000);

  // Which element had the focus in a part that is replaced, by what stays the same in the new one.
  const focus = (part) => {
    const active = document.activeElement;
    if (!part.contains(active)) return () => {};
    const href = active.getAttribute("href");
    return (fresh) => [...fresh.querySelectorAll("a")].find((link) => link.getAttribute("href") === href)?.focus();
  };

  const replace = (next) => {
    for (const fresh of next.querySelectorAll("[data-live]")) {
      const old = document.getElementById(fresh.id);
      if (!old) continue;
      // Someone may be writing a note: their form stays as long as it is the same form.
      if (fresh.dataset.kind !== undefined && fresh.dataset.kind === old.dataset.kind) continue;
      const refocus = focus(old);
      old.replaceWith(fresh);
      fresh.classList.add("fresh");
      refocus(fresh);
    }
    document.title = next.title;
    document.body.dataset.mark = next.body.dataset.mark ?? "";
    tick();
  };

  let running = false;
  let again = false;
  const refresh = async () => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        // A vote that did not count is answered at its own address, with the page of what it was for.
        const path = location.pathname.replace(/\/votes$/, "");
        const answer = await fetch(path + location.search, { redirect: "error", cache: "no-store" });
        if (!answer.ok) throw new Error(answer.statusText);
        replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
      } while (again);
    } catch {
      live.textContent = "This page may be out of date: reload it";
    } finally {
      running = false;
    }
  };

  // Only pages of someone who has signed in have parts that live.
  if (!document.querySelector("[data-live]")) return;
  const events = new EventSource("/approvals/events");
  events.addEventListener("mark", (event) => {
    const [waiting, mark] = event.data.split(" ");
    live.textContent = "";
    if (mark !== document.body.dataset.mark) refresh().then(() => count(waiting));
    else count(waiting);
  });
  events.addEventListener("over", () => {
    events.close();
    location.assign("/sign-in");
  });
  events.addEventListener("error", () => {
    live.textContent = events.readyState === EventSource.CLOSED ? "Not up to date any more: reload the page" : "Connecting again…";
  });
  const count = (waiting) => {
    document.title = document.title.replace(/^\(\d+\) /, "");
    if (waiting !== "0") document.title = `(${waiting}) ${document.title}`;
  };
})();
