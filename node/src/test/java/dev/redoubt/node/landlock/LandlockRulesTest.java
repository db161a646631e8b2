package dev.redoubt.node.landlock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.walls.MissingWallException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LandlockRulesTest {
    /** Numbers of the kernel's Documentation/userspace-api/landlock.rst. */
    @ParameterizedTest
    @CsvSource({"1,0x1fff", "2,0x3fff", "3,0x7fff", "4,0x7fff", "5,0xffff", "6,0xffff", "7,0xffff", "9,0xffff"})
    void knowsTheRightsOfEachVersion(int abi, String mask) {
        assertThat(FileRight.mask(FileRight.knownTo(abi))).isEqualTo(Long.decode(mask));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5})
    void refusesAKernelThatCannotHoldTheWall(int abi) {
        assertThatThrownBy(() -> LandlockRules.compile(abi, false, List.of()))
                .isInstanceOf(MissingWallException.class)
                .hasMessageContaining("Landlock")
                .hasMessageContaining("version " + abi);
    }

    @Test
    void aVersionNewerThanWeKnowIsUsedAsFarAsWeKnowIt() {
        assertThat(LandlockRules.compile(99, true, List.of("/tmp")))
                .isEqualTo(LandlockRules.compile(LandlockRules.LEAST_ABI, true, List.of("/tmp")));
    }

    @Test
    void whatUnpacksImagesRunsAndReadsNothingThatItWrites() {
        LaunchSpec.Landlock rules = LandlockRules.forUnpacking(6, List.of("/jdk"), Optional.of("/target"), "/tmp");
        long run = FileRight.mask(Set.of(FileRight.EXECUTE));
        long write = FileRight.mask(Set.of(FileRight.WRITE_FILE, FileRight.MAKE_REG));

        assertThat(right(rules, "/jdk") & run).isEqualTo(run);
        assertThat(right(rules, "/jdk") & write).isZero();
        assertThat(right(rules, "/target") & write).isEqualTo(write);
        assertThat(right(rules, "/target") & FileRight.mask(Set.of(FileRight.EXECUTE, FileRight.READ_FILE)))
                .isZero();
        assertThat(right(rules, "/tmp") & run).isZero();
        assertThat(rules.rules()).noneMatch(rule -> rule.path().equals("/"));
        assertThat(LandlockRules.forUnpacking(6, List.of("/jdk"), Optional.empty(), "/tmp")
                        .rules())
                .noneMatch(rule -> rule.path().equals("/target"));
        assertThatThrownBy(() -> LandlockRules.forUnpacking(5, List.of(), Optional.empty(), "/tmp"))
                .isInstanceOf(MissingWallException.class);
    }

    private static long right(LaunchSpec.Landlock rules, String path) {
        return rules.rules().stream()
                .filter(rule -> rule.path().equals(path))
                .findFirst()
                .orElseThrow()
                .access();
    }

    /** A rule with a right that is not handled is EINVAL to the kernel. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void grantsOnlyWhatItHandles(boolean readOnly) {
        LaunchSpec.Landlock rules = LandlockRules.compile(6, readOnly, List.of("/tmp"));
        assertThat(rules.rules())
                .allSatisfy(
                        rule -> assertThat(rule.access() & ~rules.handledFs()).isZero());
        assertThat(rules.scoped()).isEqualTo(3);
        assertThat(rules.handledNet()).isZero();
    }

    @Test
    void writableDirectoriesMatterOnlyToAReadOnlySandbox() {
        assertThat(paths(LandlockRules.compile(6, false, List.of("/volume")))).doesNotContain("/volume");
        assertThat(paths(LandlockRules.compile(6, true, List.of("/volume")))).contains("/volume");
    }

    private static List<String> paths(LaunchSpec.Landlock rules) {
        return rules.rules().stream().map(LaunchSpec.Landlock.Rule::path).toList();
    }
}
