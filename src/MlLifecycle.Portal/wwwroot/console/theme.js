// Light or dark, before anything is drawn: what the person chose, else what the system says. And what pages do without the server: switching
// the theme, copying a line, skipping to the content.
(() => {
  const key = 'mll-theme';
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => localStorage.getItem(key);
  const apply = () => { document.documentElement.dataset.theme = chosen() ?? (dark.matches ? 'dark' : 'light'); };
  apply();
  dark.addEventListener('change', apply);
  addEventListener('storage', apply);

  document.addEventListener('click', async event => {
    if (event.target.closest('[data-theme-toggle]')) {
      const next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
      // Back to what the system says anyway means following it again.
      if (next === (dark.matches ? 'dark' : 'light')) localStorage.removeItem(key);
      else localStorage.setItem(key, next);
      apply();
    }

    // Addresses are relative to the site's root, not to the page: a mere fragment would lead there.
    if (event.target.closest('[data-skip]')) {
      event.preventDefault();
      document.getElementById('content')?.focus();
    }

    const copy = event.target.closest('[data-copy]');
    if (copy) {
      await copyText(copy.dataset.copy);
      copy.dataset.copied = '';
      setTimeout(() => { delete copy.dataset.copied; }, 1500);
    }
  });

  window.mll = {
    // Scrolls a row of links sideways, and nothing else, until its active one is in sight.
    showActive: row => {
      const active = row?.querySelector('.active');
      if (active) row.scrollLeft = active.offsetLeft - (row.clientWidth - active.clientWidth) / 2;
    },
  };

  async function copyText(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // Without TLS, on another host than this machine, browsers keep the clipboard closed to the call above.
    const area = document.createElement('textarea');
    area.value = text;
    area.style.position = 'fixed';
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
})();
