package dev.redoubt.policy.calls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.policy.profile.BuiltIns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class CallListTest {
    @Test
    void everyCallOfTheTableIsClassifiedByHand() {
        Set<String> listed = new HashSet<>();
        CallList.GROUPS.forEach(group -> group.rules()
                .forEach(rule -> assertThat(listed.add(rule.call()))
                        .as("%s is listed once", rule.call())
                        .isTrue()));
        assertThat(listed)
                .containsExactlyInAnyOrderElementsOf(CallNumbers.names().values());
    }

    @Test
    void whateverIsNotSimplyAllowedHasAReason() {
        List<Group> all = new ArrayList<>(CallList.GROUPS);
        all.add(CallList.UNPACKING);
        for (Group group : all) {
            assertThat(group.purpose()).as(group.name()).isNotBlank();
            for (Rule rule : group.rules()) {
                boolean simplyAllowed = rule.decision().equals(Decision.always(Verdict.Plain.ALLOW));
                assertThat(rule.reason().isBlank()).as(rule.call()).isEqualTo(simplyAllowed);
            }
        }
    }

    @Test
    void unpackingBeginsWithTheProfileMinimal() {
        assertThat(Decisions.MINIMAL)
                .isEqualTo(BuiltIns.find("minimal").orElseThrow().calls());
    }

    @Test
    void aClauseOfAGroupNamesAGroupThatThereIs() {
        Set<String> named = new HashSet<>();
        for (Group group : CallList.GROUPS) {
            group.rules().forEach(rule -> rule.decision().clauses().forEach(clause -> named.add(clause.group())));
        }
        named.remove("");
        assertThat(named).isNotEmpty().isSubsetOf(CallNames.groups().keySet());
    }

    @Test
    void everyGroupCanBeAllowedOrIsRefusedAsAWhole() {
        CallNames.groups()
                .values()
                .forEach(group -> assertThat(
                                group.isAllowable() || !group.refused().isEmpty())
                        .as(group.name())
                        .isTrue());
        assertThat(group("@mount").isAllowable()).isFalse();
        assertThat(group("@netlink").partOf()).containsExactly("socket");
    }

    private static CallNames.GroupNames group(String name) {
        return Objects.requireNonNull(CallNames.groups().get(name));
    }

    /** One that it misses it may not even notice: an id that it did not give back, say. */
    @Test
    void theGuestHasWhatItsSourceSays() throws IOException {
        String source = Files.readString(Path.of("../native/guest.c"));
        String named = source.substring(
                source.indexOf("Guest: ") + "Guest: ".length(),
                source.indexOf("File operations", source.indexOf("Guest: ")));
        List<String> words = Stream.of(
                        named.replaceAll("\\([^)]*\\)|[.,*:]", " ").split("\\s+", -1))
                .filter(CallNames::isCall)
                .toList();
        assertThat(words).hasSizeGreaterThan(50).contains("read", "setreuid", "execve");
        assertThat(GuestCalls.ALL).containsAll(words);
    }

    @Test
    void theGuestNeedsNothingThatIsRefused() {
        assertThat(GuestCalls.ALL)
                .allSatisfy(call -> assertThat(CallNames.whyNever(call)).isEmpty());
    }
}
