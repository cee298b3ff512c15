// Package spec is the formal model of rolldpos: its five rules as a text that a tool
// can run, an exploration of every state that they allow, and runs of the model that
// are replayed on real cores. It has no code beside its tests.
//
// # How to read it
//
// Start with rules.qnt, in Quint (https://quint-lang.org). It is the five rules and
// nothing else: what honest seats may sign, given what was signed before. There are no
// messages, no time, no current view and no leaders. A seat may sign whatever the
// rules allow, in any view and at any moment. That is all that safety rests on, and
// the invariants at the end of the file say what safety is:
//
//   - agreement: two final blocks are on one chain;
//   - oneNotarisation: a view has at most one notarised block;
//   - commitOrNullify: a view with a final block is never nullified;
//   - descent: what is notarised in the view of a final block or later descends from it;
//   - epochEnds: nothing is certified on an epoch's last block;
//   - innocence: no honest seat signs evidence against itself.
//
// Then read seats.qnt: three honest seats with a view, certificates that they hold, a
// log and crashes. Each action is one input of a seat and everything that it does
// then, as one Core.Step is. Votes are cast through the actions of rules.qnt, so that
// every run of seats.qnt is a run of rules.qnt and its safety is inherited.
//
// The tests mirror both texts in Go, action by action with the same names
// (model_test.go, seats_test.go), because an exploration must run with nothing but Go.
// The two are held together by testdata/traces.qnt: the committed traces as runs of
// seats.qnt, with the full state at their end.
//
// # What is checked
//
// n = 4, f = 1, q = 3. Seat 3 lies: it signs anything with its own key, at once and to
// whom it likes, so q − 1 honest votes are a certificate.
//
//   - go test explores every state of the votes' model for 2 views with two blocks of
//     one view and parent, with and without the end of an epoch, and for 3 views with
//     one; honest seats are taken as exchangeable, and the two blocks as well. The
//     seats' model is explored fully for one view, under each leader, and for 3 views
//     up to a limit. A state is known by 64 bits of its hash.
//   - go test -timeout 0 -v -run Safe -args -views=3 is the long form: every state of the
//     votes' model for 3 views with two blocks (14 million states; 5 and 11 million with
//     the end of an epoch), and of the seats' model with crashes for 2 views, under each
//     leader (up to 15 million states each). It takes minutes.
//   - Each rule, dropped alone, gives a fork; testdata/counterexamples.txt has the
//     shortest of each.
//   - testdata/*.trace together take every branch of every action, and every reason for
//     which a vote or a certificate is refused; their replay on real cores with real
//     signatures compares view, votes, certificates, log and finality of all three
//     seats after every action, and fails if a branch is not taken. Random walks
//     (-walks) are replayed in the same way.
//   - During a replay nothing is sent that is not in the log, no prepare is without its
//     body (rule 5), no honest seat is accused, and one vote less than a quorum has no
//     effect. A crash may hit before the sync of a vote: the vote is then gone and was
//     not sent.
//
// With Quint 0.33.0 from npm (its dependency antlr4ts held at 0.5.0-alpha.4), in this
// folder:
//
//	quint typecheck seats.qnt
//	quint run rules.qnt --backend=typescript --init=initVotes --step=stepVotes --invariants safety
//	quint run seats.qnt --backend=typescript --invariants safety honesty durable
//	quint test testdata/traces.qnt --backend=typescript
//
// After a change of the model, go test -args -update writes testdata anew.
//
// # Traces
//
// The first line of a trace gives the bound of views, the number of values, the height
// of the epoch's last block (0: it does not end) and the epoch, which turns the
// leaders. Then each line is an action: verb, seat, view, block, the view in which the
// block's parent is certified, how it came or why it is refused, and the seat's state
// afterwards. The block 2b<1a<anchor is the second of view 2, on the first of view 1.
// The verbs lose-… are crashes in the step that would sign; the model knows them as
// restarts. A trace ends with the first line that says refuse.
//
// # What is abstracted
//
//   - A block is its history; that stands for a hash over view, parent and content.
//     Validity is the driver's word: honest seats agree on it.
//   - A proposal reaches a seat when the seat can judge it, or never. What a core does
//     with one that waits for certificates is left to the core's own tests.
//   - Messages are never lost for good and never arrive by themselves: any certificate
//     that the votes sent so far can make may reach any seat at any time, or not.
//   - Final blocks are durable at once: the driver stores them.
//   - A seat whose epoch is over does nothing more.
//
// # What is not checked
//
// Liveness: timers, Δ, idle chains, retransmission, Status and its answers. More than
// one liar, other sizes of committee, unequal bounds of views. Logs that were rolled
// back, and abstaining because of them. Evidence, beyond that it never accuses an
// honest seat. Observers, changes of the committee, and the driver. In the core,
// rule 2's "never after commit" is a second lock: a seat that commits leaves the view
// in the same step, so no trace can show that branch; rules.qnt can.
package spec
