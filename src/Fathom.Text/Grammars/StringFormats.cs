namespace Fathom.Text.Grammars;

/// <summary>The patterns of JSON Schema's string formats (RFC 3339, 4122, 4291, 1123; addresses of mail in their common form).</summary>
internal static class StringFormats
{
    // Months have their days, and years their leap days.
    private const string Date =
        @"(\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))" +
        @"|(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)";

    private const string Time = @"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)";

    private const string Octet = @"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)";
    private const string IPv4 = Octet + @"(\." + Octet + "){3}";
    private const string Hextet = "[0-9a-fA-F]{1,4}";

    private const string IPv6 =
        "((" + Hextet + ":){7}" + Hextet + "|(" + Hextet + ":){1,7}:|(" + Hextet + ":){1,6}:" + Hextet + "|(" + Hextet + ":){1,5}(:" + Hextet + "){1,2}" +
        "|(" + Hextet + ":){1,4}(:" + Hextet + "){1,3}|(" + Hextet + ":){1,3}(:" + Hextet + "){1,4}|(" + Hextet + ":){1,2}(:" + Hextet + "){1,5}" +
        "|" + Hextet + ":(:" + Hextet + "){1,6}|:(:" + Hextet + "){1,7}|::)";

    private const string Label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private const string HostName = Label + @"(\." + Label + "){0,7}";

    /// <summary>The pattern of a format; null for an unknown one.</summary>
    public static string? PatternOf(string format) => format switch
    {
        "date-time" => $"^{Date}T{Time}$",
        "date" => $"^{Date}$",
        "time" => $"^{Time}$",
        "email" => $@"^[A-Za-z0-9_+-]{{1,32}}(\.[A-Za-z0-9_+-]{{1,15}}){{0,2}}@{Label}(\.{Label}){{1,3}}$",
        "hostname" => $"^{HostName}$",
        "ipv4" => $"^{IPv4}$",
        "ipv6" => $"^{IPv6}$",
        "uuid" => "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        _ => null,
    };
}
