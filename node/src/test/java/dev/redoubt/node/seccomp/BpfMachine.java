package dev.redoubt.node.seccomp;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Runs the bytes of a filter as the kernel does, on a struct seccomp_data; knows nothing of the compiler. */
final class BpfMachine {
    private static final int DATA_BYTES = 64;

    private final ByteBuffer program;

    BpfMachine(byte[] program) {
        this.program = ByteBuffer.wrap(program).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The SECCOMP_RET value. */
    int run(int architecture, int number, long[] arguments) {
        ByteBuffer data = data(architecture, number, arguments);
        int accumulator = 0;
        int at = 0;
        while (true) {
            int code = Short.toUnsignedInt(program.getShort(at * 8));
            int yes = Byte.toUnsignedInt(program.get(at * 8 + 2));
            int no = Byte.toUnsignedInt(program.get(at * 8 + 3));
            int k = program.getInt(at * 8 + 4);
            int here = accumulator;
            at++;
            switch (code) {
                case 0x20 -> accumulator = data.getInt(k);
                case 0x54 -> accumulator = here & k;
                case 0x05 -> at += k;
                case 0x15 -> at += here == k ? yes : no;
                case 0x35 -> at += Integer.compareUnsigned(here, k) >= 0 ? yes : no;
                case 0x45 -> at += (here & k) != 0 ? yes : no;
                case 0x06 -> {
                    return k;
                }
                default -> throw new IllegalStateException("unknown instruction " + code);
            }
        }
    }

    private static ByteBuffer data(int architecture, int number, long[] arguments) {
        ByteBuffer data = ByteBuffer.allocate(DATA_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        data.putInt(number).putInt(architecture).putLong(0x7fff_dead_beefL);
        for (long argument : arguments) {
            data.putLong(argument);
        }
        return data;
    }
}
