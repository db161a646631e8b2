package dev.redoubt.node.seccomp;

import dev.redoubt.policy.calls.CallNames;
import dev.redoubt.policy.calls.CallNumbers;
import dev.redoubt.policy.calls.Decision;
import dev.redoubt.policy.calls.Decisions;
import dev.redoubt.policy.calls.Verdict;
import dev.redoubt.protocol.CallRules;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
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
    private static final Recent<Recipe, Filter> RECENT = new Recent<>(Recipe::compiled);
    private static final Recent<CallRules, Filter> UNASKED = new Recent<>(Filter::compile);

    /** Sandboxes of which this is the same have the same filter. */
    private record Recipe(CallRules rules, boolean opensToo) {
        Filter compiled() {
            return compile(rules, (opensToo ? Asked.OPENS_TOO : Asked.USUAL).and(rules));
        }
    }

    private final List<Instruction> program;
    private final byte[] bytes;

    private Filter(List<Instruction> program) {
        this.program = program;
        this.bytes = encode(program);
    }

    /**
     * The filter of a profile as sandboxes get it, with a broker to ask; compiled once.
     *
     * @param opensToo whether the broker opens files
     */
    public static Filter of(CallRules rules, boolean opensToo) {
        return RECENT.of(new Recipe(rules, opensToo));
    }

    /** The filter of a profile, without a broker; compiled once. */
    public static Filter ofUnasked(CallRules rules) {
        return UNASKED.of(rules);
    }

    /** The filter of a profile that asks a {@link CallAudit} about all that it would let pass, but for what process 1 needs. */
    public static Filter audited(CallRules rules) {
        SortedMap<Integer, Decision> decisions = new TreeMap<>(Decisions.of(rules));
        decisions.replaceAll(
                (number, decision) -> CallNames.isGuests(CallNumbers.nameOf(number)) ? decision : decision.audited());
        return new Filter(Compiler.compile(decisions));
    }

    /** The filter of the program that unpacks images: that of the profile {@code minimal}, and less. */
    public static Filter forUnpacking() {
        return new Filter(Compiler.compile(Decisions.ofUnpacking()));
    }

    /** The filter of a profile, without a broker. */
    public static Filter compile(CallRules rules) {
        return compile(rules, Asked.NOTHING);
    }

    /** The filter of a profile that leaves some of its answers to the broker. */
    public static Filter compile(CallRules rules, Asked asked) {
        return new Filter(Compiler.compile(decisions(rules, asked)));
    }

    /** Whether the filter of a profile, without a broker, refuses a call. */
    public static boolean refuses(CallRules rules, int number, long[] arguments) {
        Decision decision = Decisions.of(rules).get(number);
        return decision == null || decision.decide(arguments) != Verdict.Plain.ALLOW;
    }

    /** Every call of the list with its decision, by number. */
    static SortedMap<Integer, Decision> decisions(CallRules rules, Asked asked) {
        SortedMap<Integer, Decision> decisions = new TreeMap<>(Decisions.of(rules));
        decisions.replaceAll((number, decision) -> asked.applied(CallNumbers.nameOf(number), decision));
        return decisions;
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
