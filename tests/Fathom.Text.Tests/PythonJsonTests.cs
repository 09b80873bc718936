using System.Globalization;
using CsCheck;

namespace Fathom.Text.Tests;

public sealed class PythonJsonTests
{
    [Theory]
    [InlineData("{\"a\":1,\"b\":[],\"c\":{},\"a\":2}", "{\"a\": 2, \"b\": [], \"c\": {}}")]
    [InlineData("\"\\u00e9\\u2028\\/\\u007f\\u0001\\n\"", "\"é\u2028/\u007f\\u0001\\n\"")]
    [InlineData("-0", "0")]
    [InlineData("-0.0", "-0.0")]
    [InlineData("123456789012345678901234567890", "123456789012345678901234567890")]
    [InlineData("1e5", "100000.0")]
    [InlineData("1.0", "1.0")]
    [InlineData("1e16", "1e+16")]
    [InlineData("123456789012345680.0", "1.2345678901234568e+17")]
    [InlineData("0.0001", "0.0001")]
    [InlineData("0.00001", "1e-05")]
    [InlineData("1.5E-7", "1.5e-07")]
    [InlineData("1e400", "Infinity")]
    [InlineData("[NaN, Infinity, -Infinity, \"NaN\"]", "[NaN, Infinity, -Infinity, \"NaN\"]")]
    [InlineData("9007199254740993.0", "9007199254740992.0")]
    public void Values_are_spelled_as_python_spells_them(string json, string expected)
    {
        Assert.True(PythonJson.TryParse(json, out System.Text.Json.JsonElement value));
        Assert.Equal(expected, PythonJson.Dump(value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("nan")]
    [InlineData("{\"a\":1} x")]
    public void What_is_no_json_is_not_parsed(string json) => Assert.False(PythonJson.TryParse(json, out _));

    [Fact]
    public void Every_double_reads_back() =>
        Gen.Double.Sample(
            value =>
            {
                if (!double.IsFinite(value)) return;
                string text = value.ToString("R", CultureInfo.InvariantCulture);
                if (!text.AsSpan().ContainsAny(".E")) text += ".0";
                Assert.True(PythonJson.TryParse(text, out System.Text.Json.JsonElement parsed));
                Assert.Equal(value, double.Parse(PythonJson.Dump(parsed), CultureInfo.InvariantCulture));
            },
            iter: 5_000);
}
