using System.Text;
using Fathom.Text;
using Fathom.Evaluation.Recall;
using Fathom.Training.Data;
using Fathom.Training.Libtorch;
using Fathom.Training.Run;
using TorchSharp;
using static TorchSharp.torch;

namespace Fathom.Training.Tests;

public sealed class DataTests
{
    private static readonly Tokenizer Tokenizer = Tokenizer.Load(Repository.PathOf("training", "minnow", "tokenizer.json"));

    private static TrainStage Stage(int length, int questions = 2, int documentLength = 0) => new() { Steps = 1, Length = length, BatchTokens = length, Questions = questions, DocumentLength = documentLength };

    [Fact]
    public void A_document_is_the_same_every_time_and_holds_its_answers()
    {
        int missing = 0, total = 0;
        for (int number = 0; number < 60; number++)
        {
            RecallDocument document = RecallDocument.Create(5, number, 1_500, 6);
            Assert.Equal(document.Text, RecallDocument.Create(5, number, 1_500, 6).Text);
            Assert.NotEqual(document.Text, RecallDocument.Create(6, number, 1_500, 6).Text);
            foreach (RecallQuestion question in document.Questions)
            {
                total++;
                if (question.Answer == RecallDocument.NotThere)
                {
                    missing++;
                    continue;
                }

                Assert.Contains(question.Answer.TrimEnd('.'), document.Text, StringComparison.OrdinalIgnoreCase);
                Assert.InRange(question.Depth, 0, 1);
            }
        }

        Assert.InRange(missing, total / 30, total / 4);
    }

    [Fact]
    public void A_sample_is_a_conversation_whose_answers_carry_the_loss()
    {
        var samples = new RecallSamples(Tokenizer, 1, 0.1f, asksThinkingAlone: true);
        Sample sample = samples.Create(3, Stage(640, 4, 600));
        Assert.InRange(sample.Tokens.Length, 100, 600);
        Assert.Equal(sample.Tokens.Length, sample.Weights.Length);
        string text = Tokenizer.Decode(sample.Tokens);
        Assert.StartsWith(Markup.Bos + Markup.User, text, StringComparison.Ordinal);
        Assert.EndsWith(Markup.Eos, text, StringComparison.Ordinal);
        int[] answers = [.. sample.Tokens.Where((_, i) => sample.Weights[i] >= 1)];
        Assert.Equal(sample.Tokens.Count(id => id == 1), answers.Count(id => id == 1));
        Assert.DoesNotContain(Tokenizer.FindAddedToken(Markup.User)!.Value, answers);
    }

    [Fact]
    public void Packed_samples_begin_at_multiples_of_128_and_predict_only_their_own_tokens()
    {
        using var scope = NewDisposeScope();
        var samples = new RecallSamples(Tokenizer, 1, 0.1f, asksThinkingAlone: true);
        Sample[] made = [.. Enumerable.Range(0, 40).Select(number => samples.Create(number, Stage(256, 2, 200)))];
        TrainingBatch batch = Packer.Pack(number => made[number], 2, 2, 768, 0);
        long[] tokens = batch.Batch.Tokens.data<long>().ToArray(), starts = batch.Batch.Starts.data<long>().ToArray(), targets = batch.Targets.data<long>().ToArray();
        float[] weights = batch.Weights.data<float>().ToArray();
        Assert.All(starts, start => Assert.Equal(0, start % 128));
        int number = 2, place = 0;
        for (int row = 0; row < 2; row++)
        {
            for (place = 0; number < batch.NextSample && place + made[number].Tokens.Length <= 768; number++)
            {
                int[] sample = made[number].Tokens;
                for (int i = 0; i < sample.Length; i++)
                {
                    int at = (row * 768) + place + i;
                    Assert.Equal((sample[i], place), ((int)tokens[at], (int)starts[at]));
                    if (i + 1 < sample.Length) Assert.Equal((sample[i + 1], made[number].Weights[i + 1]), ((int)targets[at], weights[at]));
                    else Assert.Equal(0f, weights[at]);
                }

                place += (sample.Length + 127) / 128 * 128;
            }
        }

        Assert.Equal(batch.NextSample, number);
    }

    [Fact]
    public void A_learnt_vocabulary_is_a_tokenizer_of_ours()
    {
        var trainer = new BytePairTrainer();
        for (int i = 0; i < 50; i++) trainer.Add(RecallDocument.Create(1, i, 1_000, 4).Text);
        string template = File.ReadAllText(Repository.PathOf("tests", "models", "random", "tokenizer.json"));
        Tokenizer learnt = Tokenizer.Parse(Encoding.UTF8.GetBytes(trainer.Train(template, 500)), "learnt");
        Assert.Equal(500, learnt.VocabularySize);
        const string Text = "Anna Becker lives in Oslo. 日本 🌍\n";
        Assert.Equal(Text, learnt.Decode(learnt.Encode(Text, true)));
        Assert.True(learnt.Encode(Text, true).Length < Encoding.UTF8.GetByteCount(Text));
        Assert.NotNull(learnt.FindAddedToken(Markup.ThinkEnd));
        Assert.Throws<InvalidDataException>(() => trainer.Train(template, 260));
        Assert.Throws<InvalidDataException>(() => trainer.Train(template, 500_000));
    }

    [Fact]
    public void The_libtorch_mending_finds_its_names_or_leaves_the_file_alone()
    {
        byte[] nonsense = new byte[4096];
        Assert.False(ElfReferences.Redirect(nonsense, "a", "b", "c", "d"));
        Assert.Equal(new byte[4096], nonsense);
    }
}
