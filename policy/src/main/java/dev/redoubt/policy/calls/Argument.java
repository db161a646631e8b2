package dev.redoubt.policy.calls;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The bits of an argument that a test looks at.
 *
 * <p>Only bits of the low half, but for a pointer ({@link #isNull}). The arguments tested here are ints to the kernel,
 * which ignores the high half; a filter that compares all 64 bits lets ioctl(fd, TIOCSTI | 1 &lt;&lt; 32) through
 * (CVE-2019-10063).
 *
 * @param index 0 to 5
 * @param mask the bits, all 32 by default
 */
public record Argument(int index, int mask) {
    static final Argument FIRST = new Argument(0, -1);
    static final Argument SECOND = new Argument(1, -1);
    static final Argument THIRD = new Argument(2, -1);
    static final Argument FOURTH = new Argument(3, -1);
    static final Argument FIFTH = new Argument(4, -1);

    public Argument {
        if (index < 0 || index > 5 || mask == 0) {
            throw new IllegalArgumentException("argument " + index + " mask " + mask);
        }
    }

    /** Of this argument only some bits. */
    Argument bits(int bits) {
        return new Argument(index, mask & bits);
    }

    ArgumentTest is(int... values) {
        List<Integer> list = Arrays.stream(values).boxed().collect(Collectors.toUnmodifiableList());
        return new ArgumentTest.OneOf(this, list);
    }

    ArgumentTest hasAny(int bits) {
        return new ArgumentTest.AnyBit(bits(bits));
    }

    /** All that a filter can know of a pointer. Both halves: mmap(2) gives memory at an address whose low half is 0. */
    ArgumentTest isNull() {
        return new ArgumentTest.Null(this);
    }

    /** The place of the low half in struct seccomp_data (little-endian). */
    public int offset() {
        return 16 + 8 * index;
    }

    /** The place of the high half. */
    public int highOffset() {
        return offset() + 4;
    }

    int of(long[] arguments) {
        return (int) arguments[index] & mask;
    }
}
