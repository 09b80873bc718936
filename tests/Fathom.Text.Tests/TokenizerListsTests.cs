namespace Fathom.Text.Tests;

public sealed class TokenizerListsTests
{
    [Theory]
    [InlineData("builtin", 1920)]
    [InlineData("deepseek-v4", 129280)]
    public void A_tokenizer_goes_through_lists_and_back(string model, int vocabularySize)
    {
        string path = Repository.PathOf("models", model, "tokenizer.json");
        TokenizerLists lists = TokenizerLists.Parse(File.ReadAllBytes(path), vocabularySize, path);
        Assert.Equal(vocabularySize, lists.Tokens.Count);
        Tokenizer original = Tokenizer.Load(path), back = Tokenizer.Parse(System.Text.Encoding.UTF8.GetBytes(lists.ToJson()), "back"), ofLists = Tokenizer.FromLists(lists.Tokens, lists.Kinds, lists.Merges, "lists");
        string text = "The harbour of Ōsaka, 1234567 ships.\r\n\t<think>日本語</think> it's <｜User｜>!";
        foreach (bool markup in (bool[])[false, true])
        {
            Assert.Equal(original.Encode(text, markup), back.Encode(text, markup));
            Assert.Equal(original.Encode(text, markup), ofLists.Encode(text, markup));
        }

        Assert.Equal(original.Identity(), back.Identity());
        Assert.Throws<TokenizerException>(() => TokenizerLists.Parse(File.ReadAllBytes(path), vocabularySize - 1, path));
    }
}
