package curve

// leastPairs is the number of pairs from which affine additions that share an
// inversion beat mixed additions.
const leastPairs = 24

// columns holds the points that a sum of windows adds between two doublings, one
// column for each bit. They are added up pairwise in affine coordinates, all columns
// together, so that one inversion serves many additions.
type columns struct {
	points     []pair
	start, len []int // of each column in points
}

func newColumns(tables []*Table, w *windows) *columns {
	c := &columns{points: make([]pair, len(w.digits)), start: make([]int, w.top), len: make([]int, w.top)}
	for i := range w.digits {
		c.len[w.digits[i].bit]++
	}
	total := 0
	for bit, n := range c.len {
		c.start[bit], c.len[bit] = total, 0
		total += n
	}
	from := 0
	for i, end := range w.ends {
		multiples := tables[i/2].odd
		if i%2 == 1 {
			multiples = tables[i/2].image
		}
		for _, d := range w.digits[from:end] {
			c.put(int(d.bit), multiples, d.digit)
		}
		from = end
	}
	return c
}

func (c *columns) put(bit int, odd []pair, d int16) {
	p := &c.points[c.start[bit]+c.len[bit]]
	c.len[bit]++
	if d > 0 {
		*p = odd[d>>1]
		return
	}
	*p = odd[(-d)>>1]
	p.y.sub(&element{}, &p.y)
}

func (c *columns) column(bit int) []pair {
	return c.points[c.start[bit] : c.start[bit]+c.len[bit]]
}

// reduce halves the columns for as long as that pays.
func (c *columns) reduce() {
	for {
		pairs := 0
		for _, n := range c.len {
			pairs += n / 2
		}
		if pairs < leastPairs {
			return
		}
		c.halve(pairs)
	}
}

// halve adds the points of each column in pairs.
func (c *columns) halve(pairs int) {
	nums, dens := make([]element, 0, pairs), make([]element, 0, pairs)
	for bit := range c.len {
		col := c.column(bit)
		for i := 0; i+1 < len(col); i += 2 {
			num, den := slope(&col[i], &col[i+1])
			nums, dens = append(nums, num), append(dens, den)
		}
	}
	invertAll(dens, (*element).inversePublic)
	k := 0
	for bit := range c.len {
		col := c.column(bit)
		out := 0
		for i := 0; i < len(col); i += 2 {
			sum := col[i]
			if i+1 < len(col) {
				opposite := dens[k].isZero()
				sum = chord(&col[i], &col[i+1], &nums[k], &dens[k])
				k++
				if opposite {
					continue
				}
			}
			col[out] = sum
			out++
		}
		c.len[bit] = out
	}
}
