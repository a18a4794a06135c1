// Runs in every page before its own scripts: records when things happened, by the clock of performance.now().
(() => {
  const probe = { pressed: null, painted: new Map(), arrived: new Map(), longest: 0 };
  window.probe = probe;

  // The time of the key press itself: time that the event waited in the queue counts too.
  addEventListener("keydown", (event) => (probe.pressed = event.timeStamp), { capture: true });

  // After the frame that draws what was just put into the page.
  const afterPaint = (then) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => then(performance.now());
      port2.postMessage(null);
    });

  const waiting = new Map();
  /** Resolves when a message with this text is painted. */
  probe.paintOf = (text) => new Promise((resolve) => waiting.set(text, resolve));
  new MutationObserver(() => {
    for (const [text, resolve] of waiting) {
      const last = [...document.querySelectorAll("[data-bubble]")].findLast((bubble) => bubble.textContent.includes(text));
      if (!last) continue;
      waiting.delete(text);
      afterPaint(resolve);
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });

  // When the bytes of a message arrived: texts are plain UTF-8 within an event.
  const expected = new Set();
  probe.expect = (text) => expected.add(text);
  const read = ReadableStreamDefaultReader.prototype.read;
  ReadableStreamDefaultReader.prototype.read = async function (...rest) {
    const chunk = await read.apply(this, rest);
    const now = performance.now();
    if (expected.size > 0 && chunk.value instanceof Uint8Array) {
      const text = new TextDecoder().decode(chunk.value);
      for (const wanted of expected) {
        if (!text.includes(wanted)) continue;
        expected.delete(wanted);
        probe.arrived.set(wanted, now);
      }
    }
    return chunk;
  };

  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) probe.longest = Math.max(probe.longest, duration);
  }).observe({ type: "longtask" });
})();
