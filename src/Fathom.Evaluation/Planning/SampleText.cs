namespace Fathom.Evaluation.Planning;

/// <summary>A text of several kinds, for finding out which experts a model needs often: prose, questions, code, figures, another language.</summary>
public static class SampleText
{
    /// <summary>The text; about 700 tokens.</summary>
    public const string Value = """
        The harbour authority met on the first Tuesday of March to decide whether the old breakwater should be repaired or replaced. Repairing it would cost
        less in the first year, but the engineers expected to come back every third winter, and each return would close the northern basin for six weeks. The
        fishermen, who had asked for the meeting, wanted above all to know when they could sail again. Nobody in the room could promise a date.

        Question: A train leaves at 9:40 and arrives at 13:05 after two stops of ten minutes each. How long does it move?
        Answer: From 9:40 to 13:05 are 3 hours and 25 minutes, or 205 minutes. Twenty of them are spent standing, so the train moves for 185 minutes.

        public static int CountWords(string text)
        {
            int words = 0;
            bool isInside = false;
            foreach (char c in text)
            {
                if (char.IsLetterOrDigit(c) && !isInside) words++;
                isInside = char.IsLetterOrDigit(c);
            }

            return words;
        }

        | year | ships | tonnes | change |
        |------|------:|-------:|-------:|
        | 2021 |   412 | 88,310 |  +1.4% |
        | 2022 |   398 | 91,705 |  +3.8% |
        | 2023 |   441 | 97,020 |  +5.8% |

        def area(points):
            total = 0.0
            for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1]):
                total += x1 * y2 - x2 * y1
            return abs(total) / 2

        Der Vertrag verlängert sich um ein Jahr, wenn er nicht drei Monate vor seinem Ende schriftlich gekündigt wird. Für die Frist zählt der Tag, an dem die
        Kündigung bei der anderen Seite ankommt. Änderungen gelten nur, wenn beide Seiten sie unterschrieben haben.

        In a right triangle the square on the longest side equals the sum of the squares on the other two, so sides of 20 and 21 give 29. A prime number has no
        divisors but one and itself; there are infinitely many, because one more than the product of any finite list of them is divisible by none on the list.
        She closed the book, put the lamp out, and listened to the rain until the clock in the hall struck two. In the morning the river stood at the third step.
        """;
}
