"""Opposites that WordNet does not pair: comparisons, roles, and words of research, trade and everyday talk."""

from __future__ import annotations

OF_DIALOGUE = [
    pair.strip()
    for pair in """
able unable; above below; accept decline; accept refuse; accept reject; accurate inaccurate; acquire lose; active
passive; add remove; adequate inadequate; advantage disadvantage; affirm deny; affordable expensive; agree disagree;
agree refuse; alive dead; all none; allow deny; allow forbid; allow prevent; always never; ancient modern; annual
monthly; appropriate inappropriate; approve disapprove; approve reject; arrive leave; ask answer; attach detach;
available unavailable; aware unaware; before after; begin end; benefit harm; best worst; better worse; biased
unbiased; big small; birth death; born died; borrow lend; boy girl; broad narrow; brother sister; build destroy; buy
sell; buyer seller; certain uncertain; cheap expensive; civilian military; clarify obscure; clear unclear; clear
vague; client agent; common rare; common uncommon; complete incomplete; complete partial; comprehensive limited;
confident doubtful; confirm deny; connect disconnect; conscious unconscious; consistent inconsistent; convenient
inconvenient; converge diverge; convergence divergence; correct incorrect; correct wrong; create destroy; customer
agent; customizable fixed; daily weekly; day night; deep shallow; dense sparse; deterministic stochastic; direct
indirect; discount surcharge; discrete continuous; doctor patient; domestic foreign; eager reluctant; earlier later;
early late; east west; eastern western; easy difficult; easy hard; effective ineffective; efficient inefficient;
employed unemployed; employer employee; empty full; encode decode; encoder decoder; encourage discourage; enhance
degrade; enhance diminish; enhance reduce; enter exit; enter leave; enthusiastic unenthusiastic; equal unequal;
everyone nobody; everything nothing; expand contract; expand shrink; experienced inexperienced; explicit implicit;
extend shorten; facilitate hinder; fast slow; father mother; first last; flexible inflexible; flexible rigid; formal
informal; forward backward; free paid; frequent rare; friendly hostile; front back; gain lose; gain loss; give
receive; give take; global local; good bad; great small; grow shrink; growing declining; guilty innocent; happy sad;
happy unhappy; healthy sick; healthy unhealthy; help hinder; high low; higher lower; highest lowest; hire fire; hot
cold; husband wife; identical different; import export; important unimportant; improve degrade; improve deteriorate;
improve impair; improve reduce; improve worsen; include exclude; increase decrease; increase lower; increase reduce;
independent dependent; individual group; input output; inside outside; interest disinterest; interested uninterested;
internal external; join leave; king queen; known unknown; labeled unlabeled; labelled unlabelled; large small; larger
smaller; legal illegal; light dark; light full; light heavy; like dislike; likely unlikely; linear nonlinear; local
foreign; long short; longer shorter; love hate; major minor; majority minority; male female; man woman; many few;
married divorced; married single; maximize minimize; maximum minimum; men women; monthly annual; monthly yearly; more
fewer; more less; morning evening; most least; multiple single; native foreign; natural artificial; natural synthetic;
necessary unnecessary; never sometimes; new conventional; new existing; new traditional; north south; northeast
southwest; northern southern; northwest southeast; novel existing; novel traditional; offensive defensive; offline
online; often rarely; old modern; old new; old young; older younger; open close; optimistic pessimistic; optional
mandatory; optional required; organic synthetic; outperform underperform; over under; over-estimate underestimate;
overestimate underestimate; overfit underfit; parent child; peace war; perfect imperfect; permanent temporary; polite
rude; positive negative; possible impossible; presence absence; present absent; primary secondary; professional
amateur; prove disprove; public private; purchase sell; push pull; question answer; quick slow; raise lower; recommend
discourage; regular irregular; related unrelated; relevant irrelevant; remember forget; reveal hide; rich poor; right
left; right wrong; rise decline; rise fall; rising falling; robust fragile; safe dangerous; safe unsafe; same
different; satisfied dissatisfied; secure insecure; send receive; separate joint; several one; similar different;
similar dissimilar; simple complex; simple complicated; simplify complicate; solo group; son daughter; stable
unstable; start end; start finish; start stop; static dynamic; strong weak; succeed fail; success failure; successful
unsuccessful; sufficient insufficient; superior inferior; supervised unsupervised; support oppose; teach learn;
teacher student; today tomorrow; top bottom; train test; training testing; true false; trust distrust; unlimited
limited; up down; upper lower; urban rural; various few; vegetarian meat; victory defeat; visible invisible; voluntary
mandatory; warm cool; weekly monthly; wet dry; wide narrow; willing reluctant; willing unwilling; win lose; winner
loser; with without
""".replace("\n", " ").split(";")
]
