/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes states of the first one and of differences, as differences.py writes them. What did not
   change is shared by the states. */
"use strict";
const Difference = (() => {
  const changed = (old, told) => {
    const made = Array.isArray(old) ? [...old] : { ...old };
    for (const [key, inner] of Object.entries(told)) made[key] = apply(old[key], inner);
    return made;
  };

  const apply = (old, told) => {
    if (told === null) return old;
    const [kind, ...parts] = told;
    if (kind === 0) return parts[0];
    if (kind !== 2) return changed(old, parts[0]);
    const [kept, more, values] = parts;
    return [...old.slice(0, kept), ...values, ...old.slice(old.length - more)];
  };

  return { apply };
})();
