package dev.redoubt.node.seccomp;

import static dev.redoubt.linux.Errno.ENOSYS;

import dev.redoubt.policy.calls.Argument;
import dev.redoubt.policy.calls.ArgumentTest;
import dev.redoubt.policy.calls.Clause;
import dev.redoubt.policy.calls.Decision;
import dev.redoubt.policy.calls.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * Turns decisions into a program: two checks on the ABI, then a binary search over ranges of call numbers.
 *
 * <p>Until the first look at an argument the program loads nothing but the architecture and the number. For such calls
 * the kernel works out at installation that they always pass and never runs the program (seccomp_cache_prepare).
 */
final class Compiler {
    private static final int NUMBER_OFFSET = 0;
    private static final int ARCHITECTURE_OFFSET = 4;
    private static final int AUDIT_ARCH_X86_64 = 0xC000003E;
    private static final int X32_BIT = 0x40000000;

    /** Calls beside each other with the same decision, from {@code first} up to the next range. */
    private record Range(int first, Decision decision) {}

    private final Assembler out = new Assembler();

    private Compiler() {}

    /** @param decisions by number; a number without one is ENOSYS */
    static List<Instruction> compile(SortedMap<Integer, Decision> decisions) {
        Compiler compiler = new Compiler();
        compiler.checkArchitecture();
        compiler.checkX32();
        compiler.search(ranges(decisions));
        return compiler.out.assemble();
    }

    /** A 32 bit call has other numbers for the same names: nothing below would mean what it says. */
    private void checkArchitecture() {
        Label native64 = new Label();
        Label other = new Label();
        out.load(ARCHITECTURE_OFFSET);
        out.ifEqual(AUDIT_ARCH_X86_64, native64, other);
        out.mark(other);
        out.answer(Verdict.Plain.KILL.action());
        out.mark(native64);
    }

    /** x32 has the same architecture value and a bit in the number. */
    private void checkX32() {
        Label x32 = new Label();
        Label native64 = new Label();
        out.load(NUMBER_OFFSET);
        out.ifAnyBit(X32_BIT, x32, native64);
        out.mark(x32);
        out.answer(new Verdict.Refuse(ENOSYS).action());
        out.mark(native64);
    }

    private static List<Range> ranges(SortedMap<Integer, Decision> decisions) {
        Decision unknown = Decision.always(new Verdict.Refuse(ENOSYS));
        List<Range> ranges = new ArrayList<>();
        int next = 0;
        for (Map.Entry<Integer, Decision> entry : decisions.entrySet()) {
            if (entry.getKey() > next) {
                add(ranges, next, unknown);
            }
            add(ranges, entry.getKey(), entry.getValue());
            next = entry.getKey() + 1;
        }
        add(ranges, next, unknown);
        return ranges;
    }

    private static void add(List<Range> ranges, int first, Decision decision) {
        if (ranges.isEmpty() || !ranges.getLast().decision.equals(decision)) {
            ranges.add(new Range(first, decision));
        }
    }

    /** A holds the number here; below, each branch knows one more bound of it. */
    private void search(List<Range> ranges) {
        if (ranges.size() == 1) {
            decide(ranges.getFirst().decision);
            return;
        }
        int middle = ranges.size() / 2;
        Label low = new Label();
        Label high = new Label();
        out.ifAtLeast(ranges.get(middle).first, high, low);
        out.mark(low);
        search(ranges.subList(0, middle));
        out.mark(high);
        search(ranges.subList(middle, ranges.size()));
    }

    private void decide(Decision decision) {
        for (Clause clause : decision.clauses()) {
            Label next = new Label();
            clause.tests().forEach(test -> require(test, next));
            out.answer(clause.verdict().action());
            out.mark(next);
        }
        out.answer(decision.otherwise().action());
    }

    /** Falls through when the test holds, else goes to {@code failed}. */
    private void require(ArgumentTest test, Label failed) {
        Label held = new Label();
        switch (test) {
            case ArgumentTest.OneOf(Argument argument, List<Integer> values) -> {
                load(argument);
                requireOneOf(values, held, failed);
            }
            case ArgumentTest.AnyBit(Argument argument) -> {
                out.load(argument.offset());
                out.ifAnyBit(argument.mask(), held, failed);
            }
            case ArgumentTest.Null(Argument argument) -> {
                Label low = new Label();
                out.load(argument.offset());
                out.ifEqual(0, low, failed);
                out.mark(low);
                out.load(argument.highOffset());
                out.ifEqual(0, held, failed);
            }
        }
        out.mark(held);
    }

    private void requireOneOf(List<Integer> values, Label held, Label failed) {
        for (int value : values.subList(0, values.size() - 1)) {
            Label other = new Label();
            out.ifEqual(value, held, other);
            out.mark(other);
        }
        out.ifEqual(values.getLast(), held, failed);
    }

    private void load(Argument argument) {
        out.load(argument.offset());
        if (argument.mask() != -1) {
            out.and(argument.mask());
        }
    }
}
