using System.Globalization;
using System.Numerics;

namespace Fathom.Text.Grammars;

/// <summary>A bound of a number.</summary>
internal readonly record struct NumberBound(decimal Value, bool IsExclusive)
{
    public NumberBound Negated => this with { Value = -Value };
}

/// <summary>Numbers between bounds, digit by digit.</summary>
internal static class NumberForms
{
    /// <summary>Digits of a number that has no bound, before and after the point.</summary>
    public const int MostDigits = 20;

    public static Form Digit { get; } = Form.Byte('0', '9');

    /// <summary>Integers between two bounds; null for none.</summary>
    public static Form Integers(NumberBound? least, NumberBound? most)
    {
        BigInteger? low = least is { } l ? (BigInteger)decimal.Ceiling(l.Value) + (l.IsExclusive && decimal.IsInteger(l.Value) ? 1 : 0) : null;
        BigInteger? high = most is { } m ? (BigInteger)decimal.Floor(m.Value) - (m.IsExclusive && decimal.IsInteger(m.Value) ? 1 : 0) : null;
        var options = new List<Form>();
        if (high is null || high >= 0) options.Add(Whole(BigInteger.Max(low ?? 0, 0), high));
        if (low is null || low < 0) options.Add(Form.Sequence(Form.Literal("-"), Whole(BigInteger.Max(-(high ?? -1), 1), -low)));
        return Form.Choice(options);
    }

    /// <summary>Numbers between two bounds, of which there is at least one; without exponents.</summary>
    public static Form Numbers(NumberBound? least, NumberBound? most)
    {
        var options = new List<Form>();
        if (most is null || most.Value.Value >= 0) options.Add(Magnitude(least, most));
        if (least is null || least.Value.Value < 0) options.Add(Form.Sequence(Form.Literal("-"), Magnitude(most?.Negated, least?.Negated)));
        return Form.Choice(options);
    }

    /// <summary>Whole numbers without a sign from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Form Whole(BigInteger least, BigInteger? most)
    {
        BigInteger end = most ?? BigInteger.Max(BigInteger.Pow(10, MostDigits), BigInteger.Pow(10, Digits(least).Length)) - 1;
        var options = new List<Form>();
        for (int length = Digits(least).Length; length <= Digits(end).Length; length++)
        {
            BigInteger first = BigInteger.Max(least, length == 1 ? 0 : BigInteger.Pow(10, length - 1)), last = BigInteger.Min(end, BigInteger.Pow(10, length) - 1);
            if (first <= last) options.Add(SameLength(Digits(first), Digits(last)));
        }

        return options.Count == 0 ? Form.Never($"No whole number lies between {least} and {end}.") : Form.Choice(options);
    }

    private static string Digits(BigInteger value) => value.ToString(CultureInfo.InvariantCulture);

    private static Form SameLength(ReadOnlySpan<char> least, ReadOnlySpan<char> most)
    {
        if (least.Length == 0) return Form.Empty;
        if (!least.ContainsAnyExcept('0') && !most.ContainsAnyExcept('9')) return Form.Repeat(Digit, least.Length, least.Length);
        char first = least[0], last = most[0];
        if (first == last) return Form.Sequence(Form.Byte(first, first), SameLength(least[1..], most[1..]));
        string nines = new('9', least.Length - 1), zeros = new('0', least.Length - 1);
        bool isLowFull = !least[1..].ContainsAnyExcept('0'), isHighFull = !most[1..].ContainsAnyExcept('9');
        var options = new List<Form>();
        if (!isLowFull) options.Add(Form.Sequence(Form.Byte(first, first), SameLength(least[1..], nines)));
        if (!isHighFull) options.Add(Form.Sequence(Form.Byte(last, last), SameLength(zeros, most[1..])));
        (int from, int to) = (isLowFull ? first : first + 1, isHighFull ? last : last - 1);
        if (from <= to) options.Add(Form.Sequence(Form.Byte(from, to), Form.Repeat(Digit, least.Length - 1, least.Length - 1)));
        return Form.Choice(options);
    }

    // Numbers without a sign: the whole part decides, except where it equals that of a bound.
    private static Form Magnitude(NumberBound? least, NumberBound? most)
    {
        if (least is { Value: < 0 }) least = null;
        (BigInteger low, string? lowFraction) = Split(least);
        (BigInteger high, string? highFraction) = Split(most);
        bool isLowOpen = least?.IsExclusive ?? false, isHighOpen = most?.IsExclusive ?? false;
        var options = new List<Form>();
        if (most is not null && low == high)
        {
            options.Add(Form.Sequence(Form.Literal(Digits(low)), Fraction(lowFraction, highFraction, isLowOpen, isHighOpen)));
            return Form.Choice(options);
        }

        options.Add(Form.Sequence(Form.Literal(Digits(low)), Fraction(lowFraction, null, isLowOpen, false)));
        if (most is null || low + 1 <= high - 1) options.Add(Form.Sequence(Whole(low + 1, most is null ? null : high - 1), Fraction(null, null, false, false)));
        if (most is not null) options.Add(Form.Sequence(Form.Literal(Digits(high)), Fraction(null, highFraction, false, isHighOpen)));
        return Form.Choice(options);
    }

    private static (BigInteger Whole, string? Fraction) Split(NumberBound? bound)
    {
        if (bound is not { } given) return (BigInteger.Zero, null);
        string text = given.Value.ToString(CultureInfo.InvariantCulture);
        int point = text.IndexOf('.', StringComparison.Ordinal);
        return (new BigInteger(decimal.Truncate(given.Value)), point < 0 ? string.Empty : text[(point + 1)..].TrimEnd('0'));
    }

    // The point and what follows it, or nothing; between two fractions, null for no bound.
    private static Form Fraction(string? least, string? most, bool isLowOpen, bool isHighOpen)
    {
        int digits = Math.Max(MostDigits, Math.Max(least?.Length ?? 0, most?.Length ?? 0) + 1);
        Form some = Form.Sequence(Form.Literal("."), Further(least, most, digits, mayEnd: false));
        return MayEnd(least, most) ? Form.Optional(some) : some;

        bool MayEnd(string? low, string? high) =>
            (low is null || (low.Length == 0 && !isLowOpen)) && (high is null || high.Length > 0 || !isHighOpen);

        Form Further(string? low, string? high, int left, bool mayEnd)
        {
            if (low is null && high is null) return Form.Repeat(Digit, mayEnd ? 0 : 1, Math.Max(left, 1));
            var options = new List<Form>();
            var free = new List<Form>();
            if (mayEnd && MayEnd(low, high)) options.Add(Form.Empty);
            for (int digit = 0; digit <= 9 && left > 0; digit++)
            {
                int lowDigit = low is { Length: > 0 } ? low[0] - '0' : 0, highDigit = high is null ? 9 : high.Length > 0 ? high[0] - '0' : 0;
                if (digit < lowDigit && low is not null || digit > highDigit) continue;
                string? lowRest = low is null || digit > lowDigit ? null : low.Length > 0 ? low[1..] : low;
                string? highRest = high is null || digit < highDigit ? null : high.Length > 0 ? high[1..] : high;
                Form byDigit = Form.Byte('0' + digit, '0' + digit);
                if (lowRest is null && highRest is null) free.Add(byDigit);
                else options.Add(Form.Sequence(byDigit, Further(lowRest, highRest, left - 1, mayEnd: true)));
            }

            if (free.Count > 0) options.Add(Form.Sequence(Form.Choice(free), Further(null, null, left - 1, mayEnd: true)));
            return Form.Choice(options);
        }
    }
}
