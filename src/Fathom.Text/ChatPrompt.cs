using System.Text;

namespace Fathom.Text;

/// <summary>
/// A prompt as spans of markup and content. <c>tokenizer.Encode(prompt.Spans)</c> keeps text of users from becoming
/// markup; <c>tokenizer.Encode(prompt.Text, true)</c> is what the reference does (chat specification, section 1.4).
/// </summary>
/// <param name="Spans">The spans, in order.</param>
public sealed record ChatPrompt(IReadOnlyList<PromptSpan> Spans)
{
    /// <summary>All spans joined.</summary>
    public string Text => string.Concat(Spans.Select(span => span.Text));

    /// <summary>Whether the prompt ends in an open <c>&lt;think&gt;</c>, so that the completion begins with reasoning.</summary>
    public bool OpensThinking { get; init; }

    /// <summary>Collects spans; neighbours of one kind become one span.</summary>
    internal sealed class Builder
    {
        private readonly List<PromptSpan> spans = [];
        private readonly StringBuilder text = new();
        private bool isMarkup;

        public Builder Markup(string value) => Append(value, true);

        public Builder Content(string value) => Append(value, false);

        public Builder Add(PromptSpan span)
        {
            if (span.Ids is null) return Append(span.Text, span.IsMarkup);
            Flush();
            spans.Add(span);
            return this;
        }

        public IReadOnlyList<PromptSpan> Build()
        {
            Flush();
            return spans;
        }

        private Builder Append(string value, bool asMarkup)
        {
            if (value.Length == 0) return this;
            if (asMarkup != isMarkup) Flush();
            isMarkup = asMarkup;
            text.Append(value);
            return this;
        }

        private void Flush()
        {
            if (text.Length > 0) spans.Add(new PromptSpan(text.ToString(), isMarkup));
            text.Clear();
        }
    }
}
