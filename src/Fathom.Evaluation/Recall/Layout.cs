using System.Text;

namespace Fathom.Evaluation.Recall;

/// <summary>The outer shape of a generated document.</summary>
internal static class Layout
{
    /// <summary>Writes sentences as running text, as paragraphs, as titled sections or as a list; the random source chooses.</summary>
    public static string Write(Random random, IReadOnlyList<string> sentences)
    {
        int shape = random.Next(4);
        var text = new StringBuilder();
        int left = 0;
        foreach (string sentence in sentences)
        {
            bool isFirst = text.Length == 0;
            switch (shape)
            {
                case 0:
                    if (!isFirst) text.Append(' ');
                    break;
                case 3:
                    text.Append(isFirst ? "- " : "\n- ");
                    break;
                default:
                    if (left == 0)
                    {
                        left = random.Next(3, 9);
                        if (!isFirst) text.Append("\n\n");
                        if (shape == 2) text.Append(Title(random)).Append("\n\n");
                    }
                    else
                    {
                        text.Append(' ');
                    }

                    left--;
                    break;
            }

            text.Append(sentence);
        }

        return text.ToString();
    }

    private static string Title(Random random) => $"About the {Words.Pick(random, Words.Adjectives)} {Words.Pick(random, Words.Nouns)}";
}
