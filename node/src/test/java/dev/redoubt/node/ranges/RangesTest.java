package dev.redoubt.node.ranges;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.protocol.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RangesTest {
    @TempDir
    private Path temporary;

    private Ranges open() {
        return Ranges.open(DataDirectory.open(temporary.resolve("data")));
    }

    @Test
    void claimsBelongToTheirOwnerUntilReleased() {
        Ranges ranges = open();
        IdRange first = ranges.claim("one");
        IdRange second = ranges.claim("one");
        IdRange third = ranges.claim("two");
        assertThat(Set.of(first, second, third)).hasSize(3);
        assertThat(ranges.of("one")).containsExactlyInAnyOrder(first, second);
        ranges.release("one", first);
        ranges.release("one", first);
        assertThat(ranges.of("one")).containsExactly(second);
        assertThat(ranges.of("two")).containsExactly(third);
    }

    /** A node whose spawner died may find its range swept and claimed by another. */
    @Test
    void nobodyGivesBackWhatIsAnothers() {
        Ranges ranges = open();
        IdRange range = ranges.claim("one");
        ranges.release("two", range);
        assertThat(ranges.of("one")).containsExactly(range);
        ranges.release("one", range);
        assertThat(ranges.of("one")).isEmpty();
    }

    @Test
    void manyAtOnceNeverShareOne() {
        List<Ranges> openers = IntStream.range(0, 8).mapToObj(i -> open()).toList();
        Set<Integer> bases = ConcurrentHashMap.newKeySet();
        IntStream.range(0, 2000)
                .parallel()
                .forEach(i -> bases.add(openers.get(i % 8).claim("owner-" + i).base()));
        assertThat(bases).hasSize(2000);
    }

    /** At the end of all ranges it is said so; one that is given back is found, wherever it lies. */
    @Test
    void whenAllAreTakenTheFirstGivenBackIsTheNext() throws IOException {
        Ranges ranges = open();
        Path claims = temporary.resolve("data/node/ranges");
        for (int index = 1; index < IdRange.COUNT; index++) { // as claim() does, but not at random places
            Files.createSymbolicLink(claims.resolve(Integer.toString(index)), Path.of("one"));
        }
        assertThat(ranges.claim("one")).isEqualTo(new IdRange(0));
        assertThatThrownBy(() -> ranges.claim("two"))
                .isInstanceOf(Problem.class)
                .hasMessageContaining("all 28664 id ranges are taken");
        for (int index : List.of(0, 20_000, IdRange.COUNT - 1)) {
            ranges.release("one", new IdRange(index));
            assertThat(ranges.claim("two")).isEqualTo(new IdRange(index));
        }
    }

    @Test
    void rangesAreWholeAndNeverNegative() {
        assertThat(new IdRange(0).base()).isEqualTo(524_288);
        assertThat(new IdRange(IdRange.COUNT - 1).base() + IdRange.SIZE).isEqualTo(0x7000_0000);
        assertThatIllegalArgumentException().isThrownBy(() -> new IdRange(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> new IdRange(IdRange.COUNT));
        assertThatIllegalArgumentException().isThrownBy(() -> open().claim("../x"));
    }

    @ParameterizedTest
    @CsvSource({
        "subuid, user:500000:65536",
        "subuid, user:600000:1",
        "subgid, user:100000:1000000",
        "passwd, user:x:524288:100::/home/user:/bin/sh",
        "passwd, user:x:1000:1879048191::/home/user:/bin/sh",
        "group, users:x:589823:"
    })
    void overlapIsRefusedByItsLine(String file, String line) throws IOException {
        Files.writeString(temporary.resolve(file), "first:100:10\n" + line + "\n");
        assertThatThrownBy(() -> HostIds.checkNoneOverlaps(temporary))
                .isInstanceOf(Problem.class)
                .hasMessageContaining(file + " line 2")
                .hasMessageContaining(line);
    }

    @ParameterizedTest
    @CsvSource({
        "subuid, user:458752:65536",
        "subuid, containers:2147483647:2147483648",
        "subuid, user:600000:0",
        "subgid, # user:600000:65536",
        "passwd, user:x:524287:65534::/home/600000:/bin/sh",
        "passwd, +@netgroup",
        "group, 600000:x:5:600000"
    })
    void neighboursAreFine(String file, String line) throws IOException {
        Files.writeString(temporary.resolve(file), line + "\n");
        assertThatCode(() -> HostIds.checkNoneOverlaps(temporary)).doesNotThrowAnyException();
    }
}
