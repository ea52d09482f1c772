"""Texts that attack whoever shows them: markup, templates, letters that mislead."""

from __future__ import annotations

# Each would set `window.pwned` when a browser takes it for markup; all fit into a tag.
MARKUP = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "<svg onload=window.pwned=1>",
    "<svg><script>window.pwned=1</script></svg>",
    '"><script>window.pwned=1</script>',
    "'><img src=x onerror=window.pwned=1>",
    '" autofocus onfocus=window.pwned=1 x="',
    "' onmouseover=window.pwned=1 x='",
    "</textarea><script>window.pwned=1</script>",
    "</title><script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    "<!--><script>window.pwned=1</script>-->",
    "javascript:window.pwned=1",
    "<a href=javascript:window.pwned=1>x</a>",
    "<iframe srcdoc='<script>parent.pwned=1</script>'>",
    "<details open ontoggle=window.pwned=1>",
    "<body onload=window.pwned=1>",
    "<math><mi xlink:href=javascript:window.pwned=1>x",
    "<template><img src=x onerror=window.pwned=1>",
    "&lt;script&gt;window.pwned=1&lt;/script&gt;",
    "&#60;script&#62;window.pwned=1",
    "<img src=x hx-get=/ hx-trigger=load>",
    "<b hx-on:load=window.pwned=1 data-hx-get=/>",
    "<cb-live data-src=/ data-every=1>",
)
# Each would be something else when any engine reads it: a template, a format string, a pattern, a path, a formula.
TEMPLATES = (
    "{{7*7}}", "{{ request.user }}", "{% debug %}", "{% include 'x' %}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{{constructor}}",
    "{0.__class__}", "{x!r:>{y}}", "%s%n%x", "%(x)s", "$(id)", "`id`", "{{''.__class__.__mro__}}", "[[7*7]]", "*{7*7}",
    "(a+)+$", "[", "(?P<x>", ".*", "^$", "../../etc/passwd", "=1+1", "@SUM(A1)", "'; DROP TABLE prompt; --", "' OR 1=1 --",
)  # fmt: skip
# Letters that look like others, turn the reading direction, or cannot be seen.
MISLEADING = (
    "p\u0430ypal", "\u0455\u0441\u043ep\u0435", "\u202egnp.exe", "a\u202db\u202c", "\u2066x\u2069", "\u200fabc", "zero\u200bwidth",
    "soft\u00adhyphen", "\ufeffmark", "e\u0301 combining", "\u2028line", "\u2029paragraph", "tag\U000e0041", "\u115f\u1160",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u05e2\u05d1\u05e8\u05d9\u05ea",
    "Z\u0351\u036b\u0343algo", "\ufdfd", "\uff1cscript\uff1e", "\u02bcquote\u2019", "nbsp\u00a0here",
)  # fmt: skip
EVERY = (*MARKUP, *TEMPLATES, *MISLEADING)
