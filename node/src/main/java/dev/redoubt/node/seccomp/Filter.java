package dev.redoubt.node.seccomp;

import dev.redoubt.protocol.Profile.Calls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A system call filter, ready for seccomp(2).
 *
 * <p>The same input always gives the same bytes, so that the hash names what is in force.
 */
public final class Filter {
    private final List<Instruction> program;
    private final byte[] bytes;

    private Filter(List<Instruction> program) {
        this.program = program;
        this.bytes = encode(program);
    }

    /** The filter of a level, without a broker. */
    public static Filter compile(Calls calls) {
        return compile(calls, Asked.NOTHING);
    }

    /** The filter of a level that leaves some of its answers to the broker. */
    public static Filter compile(Calls calls, Asked asked) {
        return new Filter(Compiler.compile(decisions(calls, asked)));
    }

    /** The filter of the program that unpacks images: the narrowest level, and less. */
    public static Filter forUnpacking() {
        return new Filter(Compiler.compile(unpackingDecisions()));
    }

    static SortedMap<Integer, Decision> unpackingDecisions() {
        SortedMap<Integer, Decision> decisions = new TreeMap<>(decisions(Calls.NARROW, Asked.NOTHING));
        for (Rule rule : CallList.UNPACKING.rules()) {
            decisions.put(rule.number(), rule.decision().at(Calls.NARROW));
        }
        return Collections.unmodifiableSortedMap(decisions);
    }

    /** Whether the filter of a level, without a broker, refuses a call. */
    public static boolean refuses(Calls calls, int number, long[] arguments) {
        Decision decision = decisions(calls, Asked.NOTHING).get(number);
        return decision == null || decision.decide(arguments) != Verdict.Plain.ALLOW;
    }

    /** Every call of the list with its decision at one level, by number. */
    static SortedMap<Integer, Decision> decisions(Calls calls, Asked asked) {
        SortedMap<Integer, Decision> decisions = new TreeMap<>();
        for (Group group : CallList.GROUPS) {
            for (Rule rule : group.rules()) {
                Decision chosen = asked.applied(rule.call(), rule.decision().at(calls));
                if (decisions.put(rule.number(), chosen) != null) {
                    throw new IllegalStateException("the list names " + rule.call() + " twice");
                }
            }
        }
        return Collections.unmodifiableSortedMap(decisions);
    }

    /** An array of struct sock_filter, little-endian. */
    public byte[] bytes() {
        return bytes.clone();
    }

    /** Instructions of the program; the kernel takes 4096. */
    public int length() {
        return program.size();
    }

    /** The most instructions that one call can cost. */
    public int depth() {
        int[] depths = new int[program.size()];
        for (int i = program.size() - 1; i >= 0; i--) {
            depths[i] = 1 + longest(program.get(i), i, depths);
        }
        return depths[0];
    }

    private static int longest(Instruction instruction, int at, int[] depths) {
        return switch (instruction.code()) {
            case Instruction.RETURN -> 0;
            case Instruction.JUMP -> depths[at + 1 + instruction.k()];
            default -> Math.max(depths[at + 1 + instruction.jt()], depths[at + 1 + instruction.jf()]);
        };
    }

    /** Names these bytes; shown in the walls report. */
    public String sha256() {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every Java has SHA-256", impossible);
        }
    }

    List<Instruction> program() {
        return program;
    }

    private static byte[] encode(List<Instruction> program) {
        ByteBuffer out = ByteBuffer.allocate(program.size() * Instruction.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        program.forEach(instruction -> instruction.put(out));
        return out.array();
    }
}
