"""The pages of the demo shop: plain HTML, one style sheet, one image, one script."""

from collections.abc import Iterable
from html import escape

from octoperf_mcp.demo.shop_state import CATALOGUE, USERS, Product, Session

STYLE = """\
:root { color-scheme: light; --ink: #23211e; --paper: #fbf8f2; --glow: #b4530a; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 46rem; padding: 0 1rem 3rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 Georgia, serif; }
header { display: flex; align-items: center; gap: 1rem; padding: 1rem 0;
  border-bottom: 1px solid #ddd3c2; }
header img { width: 2.25rem; height: 2.25rem; }
nav { display: flex; gap: 1rem; margin-left: auto; align-items: center; }
a { color: var(--glow); }
form { margin: 1rem 0; }
nav form { margin: 0; }
label { display: block; margin: .5rem 0; }
input { font: inherit; padding: .25rem .5rem; }
button { font: inherit; padding: .25rem .9rem; border: 0; border-radius: .3rem;
  background: var(--glow); color: #fff; cursor: pointer; }
table { border-collapse: collapse; width: 100%; }
td, th { padding: .4rem 0; border-bottom: 1px solid #eadfcd; text-align: left; }
.price { text-align: right; font-variant-numeric: tabular-nums; }
.note { color: #6b6257; }
.wrong { color: #a11; }
"""

LOGO = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36" role="img" aria-label="A lamp">
<path d="M12 4h12l6 14H6z" fill="#b4530a"/><path d="M17 18h2v11h-2z" fill="#23211e"/>
<path d="M10 29h16v3H10z" fill="#23211e"/></svg>
"""

SCRIPT = """\
"use strict";
for (const button of document.querySelectorAll("button[data-sku]")) {
  button.addEventListener("click", async () => {
    const token = document.querySelector("meta[name=csrf-token]").content;
    const answer = await fetch(`/api/stock?sku=${encodeURIComponent(button.dataset.sku)}`, {
      headers: { "X-CSRF-Token": token, Accept: "application/json" },
    });
    const stock = await answer.json();
    document.getElementById("stock").textContent =
      answer.ok ? `${stock.available} in stock` : stock.message;
  });
}
"""


def _price(cents: int) -> str:
    return f"{cents / 100:.2f} €"


def csrf_field(session: Session) -> str:
    """The hidden field that every form of the shop carries."""
    return f'<input type="hidden" name="csrf" value="{session.csrf}">'


def _account(session: Session) -> str:
    if not session.user:
        return '<a href="/login">Sign in</a>'
    return (
        f"<span>Welcome, {escape(session.user)}</span>"
        f'<form method="post" action="/logout">{csrf_field(session)}'
        "<button>Sign out</button></form>"
    )


def page(session: Session, title: str, body: str) -> str:
    """A whole page around `body`, which is HTML; `title` is text."""
    pieces = sum(session.cart.values())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="csrf-token" content="{session.csrf}">
<title>{escape(title)} - The Lamp Shop</title>
<link rel="icon" href="/static/lamp.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/shop.css">
</head>
<body>
<header><img src="/static/lamp.svg" alt=""><a href="/">The Lamp Shop</a>
<nav><a href="/cart">Cart ({pieces})</a>{_account(session)}</nav></header>
<main>
<h1>{escape(title)}</h1>
{body}
</main>
<script src="/static/shop.js"></script>
</body>
</html>
"""


def _search_form(query: str = "") -> str:
    return (
        '<form action="/search"><input name="q" aria-label="Search" '
        f'value="{escape(query)}"> <button>Search</button></form>'
    )


def _product_rows(products: Iterable[Product]) -> str:
    return "".join(
        f'<tr><td><a href="/product/{p.sku}">{escape(p.name)}</a></td>'
        f'<td class="price">{_price(p.price_ct)}</td></tr>'
        for p in products
    )


def home(session: Session) -> str:
    """All articles."""
    return page(
        session,
        "Light for long evenings",
        f"{_search_form()}<table>{_product_rows(CATALOGUE.values())}</table>",
    )


def sign_in(session: Session, wrong: str = "") -> str:
    """The sign-in form, with the reason of a refusal."""
    refusal = f'<p class="wrong">{escape(wrong)}</p>' if wrong else ""
    return page(
        session,
        "Sign in",
        f"""{refusal}<form method="post" action="/login">{csrf_field(session)}
<label>User <input name="user" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button>Sign in</button></form>
<p class="note">This shop is a target for load tests. Users: {", ".join(USERS)};
password: {escape(USERS["ada"])}.</p>""",
    )


def search(session: Session, query: str, found: list[Product]) -> str:
    """The articles that were found."""
    body = f"<table>{_product_rows(found)}</table>" if found else "<p>Nothing found.</p>"
    return page(
        session,
        "Search",
        f'{_search_form(query)}<p class="note">{len(found)} found for “{escape(query)}”.</p>{body}',
    )


def product(session: Session, article: Product) -> str:
    """One article, with the form that puts it into the cart."""
    return page(
        session,
        article.name,
        f"""<p>{escape(article.text)}</p><p class="price">{_price(article.price_ct)}</p>
<form method="post" action="/cart/add">{csrf_field(session)}
<input type="hidden" name="sku" value="{article.sku}">
<label>Pieces <input name="quantity" type="number" min="1" max="9" value="1"></label>
<button>Add to cart</button></form>
<p><button type="button" data-sku="{article.sku}">Check stock</button>
<span id="stock" class="note"></span></p>""",
    )


def cart(session: Session) -> str:
    """What is in the cart, with the form that orders it."""
    if not session.cart:
        return page(session, "Cart", "<p>Your cart is empty.</p>")
    rows = "".join(
        f"<tr><td>{escape(CATALOGUE[sku].name)}</td><td>{pieces}</td>"
        f'<td class="price">{_price(CATALOGUE[sku].price_ct * pieces)}</td></tr>'
        for sku, pieces in session.cart.items()
    )
    total = sum(CATALOGUE[sku].price_ct * pieces for sku, pieces in session.cart.items())
    return page(
        session,
        "Cart",
        f"""<table><tr><th>Article</th><th>Pieces</th><th class="price">Price</th></tr>{rows}
<tr><th>Total</th><td></td><td class="price">{_price(total)}</td></tr></table>
<form method="post" action="/order">{csrf_field(session)}<button>Order</button></form>""",
    )


def confirmation(session: Session) -> str:
    """The last order of the session."""
    return page(
        session,
        "Thank you",
        f"<p>Your order <strong>{session.order}</strong> is on its way.</p>",
    )


def message(session: Session, title: str, text: str) -> str:
    """A refusal, or any page of one sentence."""
    return page(session, title, f'<p class="wrong">{escape(text)}</p>')
