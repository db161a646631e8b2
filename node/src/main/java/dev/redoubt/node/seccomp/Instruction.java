package dev.redoubt.node.seccomp;

import java.nio.ByteBuffer;

/**
 * One instruction of classic BPF, struct sock_filter of linux/filter.h.
 *
 * @param code operation
 * @param jt instructions to skip when a condition holds, 0 to 255
 * @param jf instructions to skip when it does not, 0 to 255
 * @param k constant, offset or unconditional distance
 */
record Instruction(int code, int jt, int jf, int k) {
    static final int BYTES = 8;

    /** A = 32 bits of struct seccomp_data at k. */
    static final int LOAD = 0x20;
    /** A = A and k. */
    static final int AND = 0x54;
    /** Skip k instructions. */
    static final int JUMP = 0x05;

    static final int JUMP_EQUAL = 0x15;
    /** Unsigned. */
    static final int JUMP_AT_LEAST = 0x35;
    /** A and k is not 0. */
    static final int JUMP_ANY_BIT = 0x45;

    static final int RETURN = 0x06;

    Instruction {
        if (jt < 0 || jt > 255 || jf < 0 || jf > 255) {
            throw new IllegalArgumentException("a conditional jump reaches 255 instructions, not " + Math.max(jt, jf));
        }
    }

    void put(ByteBuffer out) {
        out.putShort((short) code).put((byte) jt).put((byte) jf).putInt(k);
    }
}
