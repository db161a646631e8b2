package dev.redoubt.node.seccomp;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a BPF program whose jumps are labels.
 *
 * <p>A conditional jump reaches 255 instructions (its offsets are 8 bits). One that must reach further goes over a
 * trampoline: an unconditional jump (32 bits) right behind it.
 */
final class Assembler {
    /** BPF_MAXINSNS: the kernel refuses more. */
    static final int MOST_INSTRUCTIONS = 4096;

    private static final int REACH = 255;

    private sealed interface Item {}

    private record Mark(Label label) implements Item {}

    private record Plain(int code, int k) implements Item {}

    private record Branch(int code, int k, Label yes, Label no) implements Item {}

    /** How many instructions an item becomes; of a branch also which sides need a trampoline. */
    private record Shape(boolean farYes, boolean farNo) {
        static final Shape NEAR = new Shape(false, false);

        int trampolines() {
            return (farYes ? 1 : 0) + (farNo ? 1 : 0);
        }
    }

    private final List<Item> items = new ArrayList<>();

    void mark(Label label) {
        items.add(new Mark(label));
    }

    void load(int offset) {
        items.add(new Plain(Instruction.LOAD, offset));
    }

    void and(int mask) {
        items.add(new Plain(Instruction.AND, mask));
    }

    void answer(int action) {
        items.add(new Plain(Instruction.RETURN, action));
    }

    void ifEqual(int value, Label yes, Label no) {
        items.add(new Branch(Instruction.JUMP_EQUAL, value, yes, no));
    }

    void ifAtLeast(int value, Label yes, Label no) {
        items.add(new Branch(Instruction.JUMP_AT_LEAST, value, yes, no));
    }

    void ifAnyBit(int mask, Label yes, Label no) {
        items.add(new Branch(Instruction.JUMP_ANY_BIT, mask, yes, no));
    }

    /** @throws IllegalStateException when a label is missing or behind its jump, or the program too long */
    List<Instruction> assemble() {
        List<Shape> shapes = shapes();
        Map<Label, Integer> places = places(shapes);
        List<Instruction> program = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            emit(items.get(i), shapes.get(i), places, program);
        }
        if (program.size() > MOST_INSTRUCTIONS) {
            throw new IllegalStateException("a program of " + program.size() + " instructions, the kernel takes 4096");
        }
        return List.copyOf(program);
    }

    /** Widens branches until all reach. Widening only ever moves labels away, so this ends. */
    private List<Shape> shapes() {
        List<Shape> shapes = new ArrayList<>();
        items.forEach(item -> shapes.add(Shape.NEAR));
        while (widen(shapes)) {}
        return shapes;
    }

    private boolean widen(List<Shape> shapes) {
        Map<Label, Integer> places = places(shapes);
        boolean changed = false;
        int at = 0;
        for (int i = 0; i < items.size(); i++) {
            Shape before = shapes.get(i);
            if (items.get(i) instanceof Branch branch) {
                Shape after = new Shape(
                        before.farYes || distance(places, branch.yes, at) > REACH,
                        before.farNo || distance(places, branch.no, at) > REACH);
                shapes.set(i, after);
                changed |= !after.equals(before);
            }
            at += size(items.get(i), before);
        }
        return changed;
    }

    private Map<Label, Integer> places(List<Shape> shapes) {
        Map<Label, Integer> places = new HashMap<>();
        int at = 0;
        for (int i = 0; i < items.size(); i++) {
            if (items.get(i) instanceof Mark(Label label) && places.put(label, at) != null) {
                throw new IllegalStateException("a label is marked twice");
            }
            at += size(items.get(i), shapes.get(i));
        }
        return places;
    }

    private static int size(Item item, Shape shape) {
        return item instanceof Mark ? 0 : 1 + shape.trampolines();
    }

    /** Instructions between the one at {@code at} and the label. */
    private static int distance(Map<Label, Integer> places, Label label, int at) {
        Integer place = places.get(label);
        if (place == null || place <= at) {
            throw new IllegalStateException("BPF only jumps forward, to a label that is marked");
        }
        return place - at - 1;
    }

    private static void emit(Item item, Shape shape, Map<Label, Integer> places, List<Instruction> program) {
        switch (item) {
            case Mark ignored -> {}
            case Plain(int code, int k) -> program.add(new Instruction(code, 0, 0, k));
            case Branch branch -> emit(branch, shape, places, program);
        }
    }

    private static void emit(Branch branch, Shape shape, Map<Label, Integer> places, List<Instruction> program) {
        int at = program.size();
        int yes = shape.farYes ? 0 : distance(places, branch.yes, at);
        int no = shape.farNo ? (shape.farYes ? 1 : 0) : distance(places, branch.no, at);
        program.add(new Instruction(branch.code, yes, no, branch.k));
        if (shape.farYes) {
            program.add(new Instruction(Instruction.JUMP, 0, 0, distance(places, branch.yes, program.size())));
        }
        if (shape.farNo) {
            program.add(new Instruction(Instruction.JUMP, 0, 0, distance(places, branch.no, program.size())));
        }
    }
}
