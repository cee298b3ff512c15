// Command privatepay pays in private from a car to a charging point: paymentcode hides
// who is paid, ringsig who pays and how much. Everybody's view of the pool is printed
// beside what the two ends know. There is no network and no chain here, only the pool
// that a chain's contract would keep.
//
//	go run ./examples/privatepay
package main

import (
	"fmt"
	"io"
	"log"
	"os"
)

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer) error {
	pool, err := newPool()
	if err != nil {
		return err
	}
	employer, err := newWallet("employer")
	if err != nil {
		return err
	}
	car, err := newWallet("car")
	if err != nil {
		return err
	}
	point, err := newWallet("charging point")
	if err != nil {
		return err
	}

	// Others use the pool too, and the employer pays the car 100.
	for i := range 15 {
		if err := pool.deposit(employer, employer, uint64(i)); err != nil {
			return err
		}
	}
	if err := pool.deposit(employer, car, 100); err != nil {
		return err
	}

	// The car looks all outputs up and finds its own.
	coins, err := car.coins(pool)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "the car finds %d of %d outputs, worth %d\n", len(coins), len(pool.outputs), coins[0].amount)

	// It pays 60 to the charging point, 35 back to itself, and 5 as a fee.
	t, err := car.transfer(pool, coins[0], 5, payment{point, 60}, payment{car, 35})
	if err != nil {
		return err
	}
	if err := pool.apply(t); err != nil {
		return err
	}
	fmt.Fprintf(w, "everybody sees: one of %d outputs was spent, two of unknown amount were made, the fee is %d\n",
		t.members, t.fee)

	paid, err := point.coins(pool)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "the charging point finds %d, worth %d, from the car: %t\n",
		len(paid), paid[0].amount, paid[0].in.Payer() == car.keys.Code())

	// The coin is spent: its tag is known, although not which output it was.
	again, err := car.transfer(pool, coins[0], 5, payment{car, 95})
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "the car spends the same coin again:", pool.apply(again))
	return nil
}
