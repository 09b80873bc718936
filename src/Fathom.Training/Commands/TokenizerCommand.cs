using System.CommandLine;
using Fathom.Evaluation.Recall;
using Fathom.Training.Data;

namespace Fathom.Training.Commands;

/// <summary><c>tokenizer</c>: learns a vocabulary from generated documents or from texts.</summary>
internal static class TokenizerCommand
{
    // Of generated documents.
    private const int Characters = 2_000;
    private const int Questions = 8;

    public static Command Create()
    {
        var vocabulary = new Option<int>("--vocab") { Description = "Ids in all.", DefaultValueFactory = _ => 2048 };
        var template = new Option<FileInfo>("--template") { Description = "A tokenizer.json whose bytes, special tokens and pre-tokenizer are kept.", Required = true };
        var output = new Option<FileInfo>("--out") { Description = "The tokenizer.json to write.", Required = true };
        var texts = new Option<FileInfo>("--texts") { Description = "A text file or a folder of .txt and .md files to learn from, instead of generated documents." };
        var documents = new Option<int>("--documents") { Description = "Generated documents to learn from.", DefaultValueFactory = _ => 2000 };
        var digits = new Option<bool>("--single-digits") { Description = "Never join digits: a number is read and written digit by digit." };
        var command = new Command("tokenizer", "Learn a byte-level BPE vocabulary.\n\nExample:\n  fathom train tokenizer --template models/builtin/tokenizer.json --texts books --vocab 8000 --out tokenizer.json") { vocabulary, template, output, texts, documents, digits };
        command.SetAction(parsed =>
        {
            var trainer = new BytePairTrainer(parsed.GetValue(digits));
            if (parsed.GetValue(texts) is { } path)
            {
                foreach (string text in TextFiles.Texts(path.FullName)) trainer.Add(text);
            }
            else
            {
                AddGenerated(trainer, parsed.GetValue(documents));
            }

            AtomicFile.Write(parsed.GetValue(output)!.FullName, trainer.Train(File.ReadAllText(parsed.GetValue(template)!.FullName), parsed.GetValue(vocabulary)));
        });
        return command;
    }

    private static void AddGenerated(BytePairTrainer trainer, int documents)
    {
        for (int i = 0; i < documents; i++)
        {
            RecallDocument document = RecallDocument.Create(0, i, Characters, Questions);
            trainer.Add(document.Text);
            foreach (RecallQuestion question in document.Questions) trainer.Add($"{question.Question} {question.Answer}");
            (string user, string answer) = SmallTalk.Create(new Random(i));
            trainer.Add($"{user} {answer}");
        }
    }
}
