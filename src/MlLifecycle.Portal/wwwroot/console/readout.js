// What the lines of a chart say where one points: read off the drawn paths, so that nothing is asked of the server.
(() => {
  const most = 12;
  const parsed = new WeakMap();

  // The points of a path, in hundredths of the chart; once per path.
  function points(path) {
    const drawn = path.getAttribute('d');
    if (parsed.get(path)?.drawn !== drawn)
      parsed.set(path, { drawn, points: [...drawn.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [+x, 100 - y]) });
    return parsed.get(path).points;
  }

  function nearest(all, x) {
    let [low, high] = [0, all.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle][0] < x) low = middle + 1; else high = middle;
    }
    return low > 0 && x - all[low - 1][0] < all[low][0] - x ? all[low - 1] : all[low];
  }

  function value(plot, share) {
    const [from, to] = [+plot.dataset.from, +plot.dataset.to];
    return plot.dataset.log ? 10 ** (Math.log10(from) + share / 100 * (Math.log10(to) - Math.log10(from))) : from + share / 100 * (to - from);
  }

  function show(plot, x) {
    const lines = [...plot.querySelectorAll('path.line:not(.behind)')].map(path => ({ path, all: points(path) })).filter(line => line.all.length);
    if (!lines.length) return hide(plot);
    const said = lines.map(({ path, all }) => ({ name: path.dataset.name, tone: path.style.getPropertyValue('--tone'), at: nearest(all, x) }));
    const at = said.reduce((one, other) => Math.abs(other.at[0] - x) < Math.abs(one.at[0] - x) ? other : one).at[0];
    const box = plot.querySelector('.readout');
    const rows = said.filter(line => Math.abs(line.at[0] - at) < 3).sort((a, b) => b.at[1] - a.at[1]).slice(0, most).map(line => {
      const row = document.createElement('p');
      row.style.setProperty('--tone', line.tone);
      const [name, figure] = [document.createElement('span'), document.createElement('b')];
      name.textContent = line.name;
      figure.textContent = Number(value(plot, line.at[1]).toPrecision(4)).toString();
      row.append(name, figure);
      return row;
    });
    const all = document.createElement('div');
    all.append(...rows);
    box.replaceChildren(all);
    box.style.left = `${at}%`;
    box.classList.toggle('left', at > 55);
    box.hidden = false;
  }

  const hide = plot => { plot.querySelector('.readout').hidden = true; };

  document.addEventListener('pointermove', event => {
    const plot = event.target.closest?.('.plot[data-from]');
    document.querySelectorAll('.readout:not([hidden])').forEach(box => box.parentElement !== plot && hide(box.parentElement));
    if (!plot) return;
    const box = plot.getBoundingClientRect();
    show(plot, (event.clientX - box.left) / box.width * 100);
  });
})();
