package dev.redoubt.app;

import dev.redoubt.protocol.TimeLimits;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code 250ms}, {@code 60s}, {@code 10m}, {@code 1h} or {@code 7d}. A bare number has no unit and is refused. */
final class Durations implements ITypeConverter<Duration> {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

    @Override
    public Duration convert(String text) {
        Matcher duration = DURATION.matcher(text);
        if (!duration.matches()) {
            throw new TypeConversionException(
                    "'" + text + "' is not a duration; write it as 250ms, 60s, 10m, 1h or 7d");
        }
        long count = Long.parseLong(duration.group(1));
        if (count == 0) {
            throw new TypeConversionException("'" + text + "' must be more than 0");
        }
        Duration asked = switch (duration.group(2)) {
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            case "h" -> Duration.ofHours(count);
            default -> Duration.ofDays(count);
        };
        if (asked.compareTo(TimeLimits.LONGEST) > 0) {
            throw new TypeConversionException("'" + text + "' must be at most " + TimeLimits.LONGEST.toDays() + "d");
        }
        return asked;
    }
}
