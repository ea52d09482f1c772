"""What users of the made-up shop ask, what its help pages say, and what good and bad answers look like."""

from __future__ import annotations

from dataclasses import dataclass

THINGS = (
    "lamp",
    "headset",
    "keyboard",
    "jacket",
    "backpack",
    "camera",
    "watch",
    "kettle",
    "drone",
    "speaker",
    "tent",
    "bike",
)


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing that users want: how they say it, the help page about it, and answers that the page supports."""

    name: str
    questions: tuple[str, ...]
    page: str
    answers: tuple[str, ...]


INTENTS: tuple[Intent, ...] = (
    Intent(
        "late refund",
        (
            "Can I still get a refund after 30 days for my {thing}?", "I bought a {thing} five weeks ago and want my money back",
            "Is a refund possible when the 30 days are over? It is a {thing}", "My {thing} is older than a month, do you refund it?",
        ),
        "Refunds after 30 days. Until 60 days after the purchase you get a refund as a voucher. Open My orders, choose the order and "
        "press Ask for a refund. The voucher is sent by mail within two days.",
        (
            "Until 60 days after the purchase you get a refund as a voucher. Open My orders, choose the order and press Ask for a refund.",
            "Open My orders, choose the order and press Ask for a refund. The voucher is sent by mail within two days.",
        ),
    ),
    Intent(
        "delivery",
        (
            "Where is my parcel with the {thing}?", "When will the {thing} I ordered be delivered?",
            "The tracking of my {thing} has not moved for days", "Has my order of a {thing} been shipped yet?",
        ),
        "Delivery. Parcels arrive within four working days. Open My orders and press Track the parcel to see where it is. When it does "
        "not move for five days, the carrier looks for it.",
        (
            "Parcels arrive within four working days. Open My orders and press Track the parcel to see where it is.",
            "Press Track the parcel in My orders to see where it is. When it does not move for five days, the carrier looks for it.",
        ),
    ),
    Intent(
        "password",
        (
            "I forgot my password and need to log in", "How do I reset the password of my account?",
            "The reset mail for my password does not arrive", "My login with the old password no longer works",
        ),
        "Passwords. Press Forgot password on the page to sign in. A mail with a link arrives within ten minutes; look into the spam "
        "folder as well. The link works for one hour.",
        (
            "Press Forgot password on the page to sign in. A mail with a link arrives within ten minutes.",
            "A mail with a link arrives within ten minutes; look into the spam folder as well. The link works for one hour.",
        ),
    ),
    Intent(
        "invoice",
        (
            "Please send me the invoice for the {thing}", "I need a bill with VAT for my {thing}",
            "Where do I find the invoices of my orders?", "The company name on the invoice of the {thing} is wrong",
        ),
        "Invoices. Every invoice is in My orders under Documents, as a PDF with VAT. Change the company name under Account, then press "
        "Make the invoice again.",
        (
            "Every invoice is in My orders under Documents, as a PDF with VAT.",
            "Change the company name under Account, then press Make the invoice again. The invoice is in My orders under Documents.",
        ),
    ),
    Intent(
        "warranty",
        (
            "How long is the warranty on a {thing}?", "Is a broken {thing} covered by the guarantee?",
            "What does the warranty of the {thing} cover?", "Do I need the receipt for warranty on my {thing}?",
        ),
        "Warranty. The warranty lasts two years and covers faults of material and manufacture. The order in your account is enough as a "
        "receipt. Press Report a fault in My orders.",
        (
            "The warranty lasts two years and covers faults of material and manufacture.",
            "The warranty lasts two years. The order in your account is enough as a receipt; press Report a fault in My orders.",
        ),
    ),
    Intent(
        "size",
        (
            "Which size of {thing} should I take?", "Is the {thing} true to size or small?",
            "What are the measurements of the {thing}?", "Does the {thing} come in a larger size?",
        ),
        "Sizes. The page of each product has a table with the measurements in centimetres. Most products are true to size. Sizes that "
        "are sold out come back within three weeks.",
        (
            "The page of each product has a table with the measurements in centimetres. Most products are true to size.",
            "Most products are true to size. Sizes that are sold out come back within three weeks.",
        ),
    ),
    Intent(
        "discount",
        (
            "My discount code is not accepted for the {thing}", "Do you have a voucher for a {thing}?",
            "How do I use a coupon in the checkout?", "Is the {thing} cheaper for students?",
        ),
        "Discounts. Type the code into the field Voucher in the last step of the checkout. A code works once and for orders above 20 "
        "euros. Students get ten percent off.",
        (
            "Type the code into the field Voucher in the last step of the checkout. A code works once and for orders above 20 euros.",
            "Students get ten percent off. Type the code into the field Voucher in the last step of the checkout.",
        ),
    ),
    Intent(
        "address",
        (
            "I want to change the delivery address of my {thing}", "Can you send the {thing} to my office instead?",
            "My street is wrong in the order of the {thing}", "How do I add a second address to my account?",
        ),
        "Addresses. Open My orders and press Change the address as long as the parcel is not packed. Add more addresses under Account, "
        "Addresses.",
        (
            "Open My orders and press Change the address as long as the parcel is not packed.",
            "Add more addresses under Account, Addresses. Press Change the address in My orders as long as the parcel is not packed.",
        ),
    ),
    Intent(
        "battery",
        (
            "The battery of my {thing} lasts only an hour", "Can I replace the battery in the {thing}?",
            "How do I charge the {thing} for the first time?", "My {thing} does not charge any more",
        ),
        "Batteries. Charge a new battery for three hours before the first use. A battery that lasts less than two hours is replaced free "
        "of charge in the first year. Press Report a fault in My orders.",
        (
            "Charge a new battery for three hours before the first use.",
            "A battery that lasts less than two hours is replaced free of charge in the first year. Press Report a fault in My orders.",
        ),
    ),
    Intent(
        "cancel",
        (
            "I want to cancel my order of a {thing}", "Please stop the order of the {thing}, I changed my mind",
            "How do I cancel before the {thing} is sent?", "Cancel my order please",
        ),
        "Cancelling an order. An order can be cancelled in My orders until the parcel is packed. The money is back on your account within "
        "three days.",
        (
            "An order can be cancelled in My orders until the parcel is packed.",
            "An order can be cancelled in My orders. The money is back on your account within three days.",
        ),
    ),
)  # fmt: skip
REFUSALS = (
    "I'm sorry, but I can't help with that.", "I am unable to assist with this request.",
    "Unfortunately I cannot help you with that. Please contact our support.",
)  # fmt: skip
NOTHING_FOUND = (
    "I could not find anything about that in our documents, so I can't answer this.",
    "I'm sorry, I don't have any information about that.",
)
