"""What the simulated model says, in four languages; `{days}` and the like are filled in by `inventions`."""

from __future__ import annotations

OPENINGS = {
    "en": (
        "Thank you for getting in touch.",
        "Thanks for your message, and I am sorry for the trouble.",
        "Thank you for asking, I am happy to help.",
    ),
    "de": ("Vielen Dank für Ihre Nachricht.", "Danke für Ihre Anfrage, ich helfe Ihnen gerne."),
    "es": ("Gracias por su mensaje.", "Gracias por escribirnos, con gusto le ayudo."),
    "fr": ("Merci pour votre message.", "Merci de nous avoir écrit, je vous aide avec plaisir."),
}

REFUSALS = {
    "en": (
        "I'm sorry, but I can't help with this request. Please contact our support team.",
        "Unfortunately I am not able to assist with questions about this. Please reach out to customer service.",
        "I'm afraid I cannot give information about that. A colleague will have to look into it.",
        "I am sorry, I am not allowed to make decisions about this and cannot help you further here.",
    ),
    "de": ("Es tut mir leid, aber dabei kann ich Ihnen nicht helfen. Bitte wenden Sie sich an unser Team.",),
    "es": ("Lo siento, pero no puedo ayudarle con esto. Póngase en contacto con nuestro equipo.",),
    "fr": ("Je suis désolé, mais je ne peux pas vous aider pour cela. Veuillez contacter notre équipe.",),
}

UNKNOWN = {
    "en": (
        "I could not find an answer to that in the information I have.",
        "The information I was given does not say, so I would rather not guess.",
    ),
    "de": ("Dazu habe ich in den vorliegenden Informationen leider nichts gefunden.",),
    "es": ("No he encontrado la respuesta en la información que tengo.",),
    "fr": ("Je n'ai pas trouvé la réponse dans les informations dont je dispose.",),
}

# Said on a topic when nothing particular is known: true of any shop, without a number or a name.
GENERAL = {
    "connection": ("Yes, this connection works: you are talking to the simulated model.",),
    "cancel": ("An order can be cancelled as long as it has not left the warehouse.",),
    "refund": ("Refunds go back to the payment method that was used for the order.",),
    "return": ("You can start a return in your account under “My orders”.", "Please keep the item in its packaging."),
    "warranty": ("If an item is faulty, please send us a photo and a short description of the fault.",),
    "delivery": (
        "You can follow your parcel with the tracking link in the dispatch e-mail.",
        "Delays of a day or two can happen when the carrier is busy.",
    ),
    "payment": (
        "The payment is taken when the order is sent.",
        "If an amount shows twice, one of the two is usually a reservation that your bank releases by itself.",
    ),
    "invoice": ("You can download the invoice in your account as soon as the order has been sent.",),
    "discount": (
        "A voucher code is entered in the last step of the checkout.",
        "Only one code can be used for each order.",
    ),
    "account": (
        "You can change your details in your account under “Settings”.",
        "If you cannot sign in, use “Forgot password” on the sign-in page.",
    ),
    "product": ("You will find the details on the page of the item.",),
    "other": ("You will find more about this on our help pages.",),
}

GENERAL_ABROAD = {
    "de": {
        "refund": "Die Erstattung erfolgt über die Zahlungsart, mit der Sie bezahlt haben.",
        "return": "Sie können die Rücksendung in Ihrem Konto unter „Meine Bestellungen“ anmelden.",
        "delivery": "Den Stand der Lieferung sehen Sie über den Link in der Versandbestätigung.",
        "other": "Weitere Informationen finden Sie auf unseren Hilfeseiten.",
    },
    "es": {
        "refund": "El reembolso se realiza con el mismo medio de pago que utilizó.",
        "return": "Puede iniciar la devolución en su cuenta, en «Mis pedidos».",
        "delivery": "Puede seguir el envío con el enlace del correo de confirmación.",
        "other": "Encontrará más información en nuestras páginas de ayuda.",
    },
    "fr": {
        "refund": "Le remboursement se fait par le moyen de paiement que vous avez utilisé.",
        "return": "Vous pouvez demander le retour dans votre compte, sous « Mes commandes ».",
        "delivery": "Vous pouvez suivre le colis avec le lien reçu dans l'e-mail d'expédition.",
        "other": "Vous trouverez plus d'informations dans nos pages d'aide.",
    },
}
WITHIN_DAYS = {
    "de": "Das ist innerhalb von {days} Tagen möglich.",
    "es": "Esto es posible en un plazo de {days} días.",
    "fr": "C'est possible dans un délai de {days} jours.",
}

ASK_ORDER = {
    "en": "Please send me your order number so that I can look into it.",
    "de": "Bitte nennen Sie mir Ihre Bestellnummer, damit ich nachsehen kann.",
    "es": "Por favor, indíqueme su número de pedido para que pueda comprobarlo.",
    "fr": "Merci de m'indiquer votre numéro de commande afin que je puisse vérifier.",
}
CLOSINGS = {
    "en": ("Is there anything else I can do for you?", "Just write to us again if anything is unclear."),
    "de": ("Melden Sie sich gerne wieder, wenn etwas unklar ist.",),
    "es": ("No dude en volver a escribirnos si tiene más preguntas.",),
    "fr": ("N'hésitez pas à nous écrire de nouveau si besoin.",),
}

PADDING = (
    "It is important to us that you are happy with your order at every step.",
    "Our aim has always been to make shopping as simple and as pleasant as possible.",
    "There are many things to consider here, and it makes sense to look at them one after the other.",
    "As you may know, processes like this one have several stages that build on each other.",
    "In general, it is a good idea to keep all the documents that came with the parcel.",
    "We regularly look at our processes and improve them together with our partners.",
    "Of course, every case is a little different, and what holds for one customer may not hold for another.",
    "Many customers have asked similar questions, so you are by no means alone with this.",
    "On the whole, the steps are quite simple once one has seen them written down.",
    "It may also help to read the confirmation e-mail again, since it sums up the main points.",
    "We would like to take this opportunity to thank you for your trust.",
    "Looking at it from another angle, patience is often what leads to the best result.",
    "To sum up what has been said so far, there are several ways forward.",
    "We appreciate all feedback, as it lets us learn and grow.",
)

# Facts that nobody gave the model. Each has a number or a name that is in no prompt.
INVENTIONS = {
    "en": (
        "Our records show that your parcel left the {city} warehouse at {time} and will arrive on {weekday}.",
        "You are also entitled to a voucher of {percent} percent with the code {code}.",
        "Cases like this are decided by {name} in our {city} office within {hours} hours.",
        "The amount of {amount} euros has already been sent to your bank.",
        "The {name} institute has tested this for {cycles} cycles.",
        "Since last {weekday} there is a handling fee of {amount} euros, which {name} can waive for you.",
    ),
    "de": (
        "Ihr Paket hat unser Lager in {city} um {time} Uhr verlassen.",
        "Außerdem erhalten Sie einen Gutschein über {percent} Prozent mit dem Code {code}.",
        "Der Betrag von {amount} Euro wurde bereits an Ihre Bank gesendet.",
    ),
    "es": (
        "Su paquete salió de nuestro almacén de {city} a las {time}.",
        "También le corresponde un vale del {percent} por ciento con el código {code}.",
        "El importe de {amount} euros ya se ha enviado a su banco.",
    ),
    "fr": (
        "Votre colis a quitté notre entrepôt de {city} à {time}.",
        "Vous avez également droit à un bon de {percent} pour cent avec le code {code}.",
        "Le montant de {amount} euros a déjà été envoyé à votre banque.",
    ),
}
CITIES = ("Rotterdam", "Gdansk", "Porto", "Leipzig", "Malmo", "Brno")
NAMES = ("Ms Lindqvist", "Mr Okafor", "Ms Tanaka", "Mr Baranov", "Ms Delacroix", "Mr Whitfield")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")

MOODS = (
    ("angry", ("unacceptable", "ridiculous", "worst", "furious", "scam", "never again", "lawyer", "!!")),
    (
        "annoyed",
        ("still wait", "still no", "still have no", "again", "third time", "disappoint", "annoy", "waiting", "nobody"),
    ),
    ("worried", ("worried", "afraid", "urgent", "birthday", "wedding", "please help")),
    ("friendly", ("thank", "love", "great", "happy", "kind")),
)
REQUESTS = {
    "connection": "asks whether somebody is there",
    "cancel": "wants to cancel an order",
    "refund": "wants their money back",
    "return": "wants to return or exchange an item",
    "warranty": "reports a faulty item",
    "delivery": "asks where their order is",
    "payment": "has a question about a payment",
    "invoice": "needs an invoice",
    "discount": "has a problem with a voucher",
    "account": "cannot use their account as they should",
    "product": "has a question about an item",
    "other": "has a general question",
}
