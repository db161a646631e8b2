package dev.redoubt.node.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AssemblerTest {
    private static final int YES = 1;
    private static final int NO = 2;

    /** Distances around what 8 bits hold, on either side and both. */
    @ParameterizedTest
    @CsvSource({"0,0", "1,253", "1,254", "1,255", "254,1", "255,1", "256,1", "255,255", "300,300", "1000,1", "0,1000"})
    void jumpsReachTheirLabelsAtAnyDistance(int beforeNo, int betweenNoAndYes) {
        Assembler out = new Assembler();
        Label yes = new Label();
        Label no = new Label();
        out.load(0);
        out.ifEqual(7, yes, no);
        fill(out, beforeNo);
        out.mark(no);
        out.answer(NO);
        fill(out, betweenNoAndYes);
        out.mark(yes);
        out.answer(YES);

        BpfMachine machine = new BpfMachine(bytes(out.assemble()));

        assertThat(machine.run(0, 7, new long[6])).isEqualTo(YES);
        assertThat(machine.run(0, 8, new long[6])).isEqualTo(NO);
    }

    /** One widened jump pushes the next out of reach, and so on back to the first. */
    @Test
    void widensInACascade() {
        Assembler out = new Assembler();
        Label end = new Label();
        out.load(0);
        for (int i = 0; i < 254; i++) {
            Label next = new Label();
            out.ifEqual(i, end, next);
            out.mark(next);
        }
        fill(out, 3);
        out.mark(end);
        out.answer(YES);

        BpfMachine machine = new BpfMachine(bytes(out.assemble()));

        for (int i = 0; i < 254; i++) {
            assertThat(machine.run(0, i, new long[6])).as("number %d", i).isEqualTo(YES);
        }
        assertThat(machine.run(0, 254, new long[6])).isEqualTo(NO);
    }

    @Test
    void refusesToJumpBackward() {
        Assembler out = new Assembler();
        Label behind = new Label();
        out.mark(behind);
        out.ifEqual(1, behind, behind);
        assertThatThrownBy(out::assemble)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("forward");
    }

    @Test
    void refusesALabelNobodyMarked() {
        Assembler out = new Assembler();
        out.ifEqual(1, new Label(), new Label());
        assertThatThrownBy(out::assemble).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void refusesWhatTheKernelWouldRefuse() {
        Assembler out = new Assembler();
        fill(out, 4096);
        assertThat(out.assemble()).hasSize(4096);
        fill(out, 1);
        assertThatThrownBy(out::assemble)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("4097");
    }

    private static void fill(Assembler out, int count) {
        for (int i = 0; i < count; i++) {
            out.answer(NO);
        }
    }

    private static byte[] bytes(List<Instruction> program) {
        ByteBuffer out = ByteBuffer.allocate(program.size() * 8).order(ByteOrder.LITTLE_ENDIAN);
        program.forEach(instruction -> instruction.put(out));
        return out.array();
    }
}
