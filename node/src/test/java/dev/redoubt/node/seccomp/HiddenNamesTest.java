package dev.redoubt.node.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import dev.redoubt.protocol.PathPatterns;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HiddenNamesTest {
    private static boolean hides(String pattern, String name) {
        String bytes = new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        return new HiddenNames(new PathPatterns(List.of(pattern))).hiding(bytes).isPresent();
    }

    @ParameterizedTest
    @CsvSource({
        "/etc/shadow, /etc/shadow",
        "/etc/shadow, /etc/shadow/beneath",
        "/home/*/.ssh, /home/ann/.ssh/id",
        "/home/*/.ssh/**, /home/ann/.ssh/a/b",
        "**/.env, /.env",
        "**/.env, /srv/app/.env",
        "**/*.pem, /a/b/c.pem",
        "/srv/**/key, /srv/key",
        "/srv/**/key, /srv/a/b/key",
        "/srv/**/a/**/b, /srv/a/a/b/a/b",
        "/a?c, /abc",
        "/*a*b*, /xaxxbx",
        "/*, /anything",
        "/ä*, /äö",
    })
    void hidden(String pattern, String name) {
        assertThat(hides(pattern, name)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "/etc/shadow, /etc/shadows",
        "/etc/shadow, /etc",
        "/etc/shadow, /root/etc/shadow",
        "/home/*/.ssh, /home/ann/b/.ssh",
        "/home/*/.ssh/**, /home/ann/.ssh",
        "**/.env, /srv/app/.envrc",
        "**/.env, /srv/app/x.env",
        "**/*.pem, /a/pem",
        "/srv/**/key, /srv/a/keys",
        "/a?c, /a/c",
        "/a?c, /ac",
        "/*a*b*, /xbxa",
        "/a*, /b/a",
    })
    void notHidden(String pattern, String name) {
        assertThat(hides(pattern, name)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "etc/shadow", "*.pem", "/a//b", "/a/../b", "/./a", "/a/", "/a**/b", "**", "/a\nb", "/a\0"})
    void aPatternThatSaysNothingIsNoPattern(String pattern) {
        assertThatThrownBy(() -> new PathPatterns(List.of(pattern))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void patternsHaveLimits() {
        assertThatThrownBy(() -> new PathPatterns(List.of("/" + "a".repeat(256))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PathPatterns(Collections.nCopies(65, "/a")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** Names are a stranger's: no pattern may be asked to try every way to split them. */
    @Test
    void noNameTakesLong() {
        HiddenNames names = new HiddenNames(
                new PathPatterns(Collections.nCopies(64, "/" + "**/".repeat(40) + "*a".repeat(60) + "b")));
        String deep = "/" + "a/".repeat(2047) + "a";
        String wide = "/" + "a".repeat(4000);
        assertTimeout(Duration.ofSeconds(5), () -> {
            assertThat(names.hiding(deep)).isEmpty();
            assertThat(names.hiding(wide)).isEmpty();
        });
    }
}
