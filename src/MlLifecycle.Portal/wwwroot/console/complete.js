// Offers the words a filter may use while one types: the names runs report under, then comparisons, then how to go on.
(() => {
  const most = 12;
  const comparisons = ['=', '!=', '>', '>=', '<', '<=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'];
  const statuses = ["'FINISHED'", "'RUNNING'", "'FAILED'", "'KILLED'", "'SCHEDULED'"];
  let chosen = -1;

  // What stands before the caret decides what may come: the word that is begun, and what came before it.
  function offers(input) {
    const before = input.value.slice(0, input.selectionStart);
    if ((before.match(/'/g) ?? []).length % 2 || (before.match(/"/g) ?? []).length % 2) return null;
    const begun = before.match(/(?:[A-Za-z]+\.)?`[^`]*$|[^\s()=<>!,]*$/)[0];
    const rest = before.slice(0, before.length - begun.length).trimEnd();
    const words = JSON.parse(input.dataset.complete);
    const key = /(?:^|[\s(])[A-Za-z]+\.(?:`[^`]*`|"[^"]*"|[\w.]+)$/.test(rest);
    let found;
    if (rest === '' || /(?:\bAND|\()$/i.test(rest)) found = words;
    else if (key) found = comparisons;
    else if (/attributes\.status\s*(?:=|!=)$/i.test(rest)) found = statuses;
    else if (/(?:['"]|\d|\))$/.test(rest)) found = ['AND'];
    else return null;
    const sought = begun.replaceAll('`', '').toLowerCase();
    found = found.filter(word => word.replaceAll('`', '').toLowerCase().includes(sought) && word !== begun);
    found.sort((a, b) => !a.toLowerCase().startsWith(sought) - !b.toLowerCase().startsWith(sought));
    return found.length ? { begun, found: found.slice(0, most) } : null;
  }

  const listOf = input => document.getElementById(input.getAttribute('aria-controls'));

  function close(input) {
    chosen = -1;
    listOf(input).hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function show(input) {
    const offered = offers(input);
    if (!offered) return close(input);
    const list = listOf(input);
    chosen = -1;
    list.replaceChildren(...offered.found.map((word, place) => {
      const item = document.createElement('li');
      item.id = `${list.id}-${place}`;
      item.role = 'option';
      item.textContent = word;
      return item;
    }));
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    input.removeAttribute('aria-activedescendant');
  }

  function choose(input, place) {
    const items = [...listOf(input).children];
    chosen = (place + items.length) % items.length;
    items.forEach((item, at) => item.setAttribute('aria-selected', at === chosen));
    items[chosen].scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', items[chosen].id);
  }

  function take(input, word) {
    const offered = offers(input);
    if (!offered) return;
    const from = input.selectionStart - offered.begun.length;
    input.setRangeText(word + ' ', from, input.selectionStart, 'end');
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }

  const field = event => event.target.closest?.('[data-complete]');
  document.addEventListener('input', event => field(event) && show(field(event)));
  document.addEventListener('focusin', event => field(event) && show(field(event)));
  document.addEventListener('focusout', event => field(event) && close(field(event)));
  document.addEventListener('keydown', event => {
    const input = field(event);
    if (!input) return;
    const open = !listOf(input).hidden;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!open) show(input);
      if (!listOf(input).hidden) choose(input, chosen + (event.key === 'ArrowDown' ? 1 : chosen < 0 ? 0 : -1));
    } else if (open && event.key === 'Escape') {
      close(input);
    } else if (open && (event.key === 'Enter' || event.key === 'Tab') && chosen >= 0) {
      event.preventDefault();
      take(input, listOf(input).children[chosen].textContent);
    } else if (event.key === 'Enter') {
      close(input);
    }
  });
  // Before the field loses the focus, so that it does not.
  document.addEventListener('mousedown', event => {
    const item = event.target.closest?.('.offers > li');
    if (!item) return;
    event.preventDefault();
    take(document.querySelector(`[aria-controls="${item.parentElement.id}"]`), item.textContent);
  });
})();
