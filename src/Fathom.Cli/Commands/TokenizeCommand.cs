using System.CommandLine;
using System.Text.Json;
using Fathom.Text;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom tokenize</c>: text to token ids and back.</summary>
internal static class TokenizeCommand
{
    public static Command Create()
    {
        var text = new Argument<string?>("TEXT") { Description = "Text to encode. Left out, JSON is read from --file or stdin.", Arity = ArgumentArity.ZeroOrOne };
        var file = new Option<FileInfo?>("--file") { Description = "JSON file: a string or {\"text\": …} to encode, an array of ids or {\"ids\": […]} to decode, or an array of these." };
        var plain = new Option<bool>("--plain") { Description = "The input is plain text, not JSON." };
        var model = new Option<string?>("--model") { Description = "A model folder, the owner/name of a pulled model, or a tokenizer.json; DeepSeek V4's official tokenizer when left out." };
        var literal = new Option<bool>("--literal") { Description = "Leave the spelling of added tokens such as <think> as plain text." };
        var pieces = new Option<bool>("--pieces") { Description = "Also write the text of each token." };
        var command = new Command("tokenize", "Turn text into token ids, or ids into text.\n\nExamples:\n  fathom tokenize \"Hello world\"\n  echo '[19923, 2058]' | fathom tokenize --model DeepSeek-V4-Flash\n  fathom tokenize --plain --file book.txt") { text, file, plain, model, literal, pieces };
        command.SetAction(parsed =>
        {
            Tokenizer tokenizer = TokenizerLocation.Open(parsed.GetValue(model));
            var conversion = new Conversion(tokenizer, !parsed.GetValue(literal), parsed.GetValue(pieces));
            if (parsed.GetValue(text) is { } given)
            {
                if (parsed.GetValue(file) is not null) throw new ArgumentException("Give the text either as TEXT or as --file, not both.");
                JsonText.Write(writer => conversion.Encode(writer, given));
                return 0;
            }

            string input = JsonText.ReadInput(parsed.GetValue(file));
            if (parsed.GetValue(plain)) JsonText.Write(writer => conversion.Encode(writer, input));
            else JsonText.Write(writer => conversion.Convert(writer, ChatJson.Parse(input, "The input")));
            return 0;
        });
        return command;
    }

    private sealed class Conversion(Tokenizer tokenizer, bool matchesAdded, bool hasPieces)
    {
        public void Convert(Utf8JsonWriter writer, JsonElement value)
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.String:
                    Encode(writer, value.GetString()!);
                    break;
                case JsonValueKind.Object when value.TryGetProperty("text", out JsonElement text) && text.ValueKind == JsonValueKind.String:
                    Encode(writer, text.GetString()!);
                    break;
                case JsonValueKind.Object when value.TryGetProperty("ids", out JsonElement ids) && ids.ValueKind == JsonValueKind.Array:
                    Decode(writer, ids);
                    break;
                case JsonValueKind.Array when value.GetArrayLength() > 0 && value[0].ValueKind == JsonValueKind.Number:
                    Decode(writer, value);
                    break;
                case JsonValueKind.Array:
                    writer.WriteStartArray();
                    foreach (JsonElement entry in value.EnumerateArray()) Convert(writer, entry);
                    writer.WriteEndArray();
                    break;
                default:
                    throw new FormatException("Expected a string, an object with text or ids, or an array of ids; for plain text add --plain.");
            }
        }

        public void Encode(Utf8JsonWriter writer, string text)
        {
            int[] ids = tokenizer.Encode(text, matchesAdded);
            writer.WriteStartObject();
            writer.WriteNumber("count", ids.Length);
            writer.WriteIds("ids", ids);
            if (hasPieces) WritePieces(writer, ids);
            writer.WriteEndObject();
        }

        private void Decode(Utf8JsonWriter writer, JsonElement array)
        {
            var ids = new int[array.GetArrayLength()];
            for (int i = 0; i < ids.Length; i++)
            {
                if (array[i].ValueKind != JsonValueKind.Number || !array[i].TryGetInt32(out ids[i]))
                    throw new FormatException($"Expected token ids, found {array[i].GetRawText()} at place {i}.");
            }

            writer.WriteStartObject();
            writer.WriteString("text", tokenizer.Decode(ids));
            if (hasPieces) WritePieces(writer, ids);
            writer.WriteEndObject();
        }

        private void WritePieces(Utf8JsonWriter writer, int[] ids)
        {
            writer.WriteStartArray("pieces");
            foreach (int id in ids) writer.WriteStringValue(tokenizer.Decode([id]));
            writer.WriteEndArray();
        }
    }
}
