using Fathom.Inference;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Fathom.Extensions.AI.Tests;

public sealed class ServiceTests
{
    private static readonly string BuiltIn = Repository.PathOf("models", "builtin");

    [Fact]
    public async Task A_container_opens_one_model_when_it_is_asked_for_and_closes_it()
    {
        var services = new ServiceCollection();
        services.AddFathom(options =>
        {
            options.ModelPath = BuiltIn;
            options.Chat = new FathomChatOptions { Generation = new GenerationOptions { MaxTokens = 2, Sampling = new SamplingOptions { Temperature = 0 } } };
        });
        IChatClient client;
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            client = provider.GetRequiredService<IChatClient>();
            Assert.Same(client, provider.GetRequiredService<IChatClient>());
            Assert.Same(provider.GetRequiredService<FathomModel>(), client.GetService<FathomModel>());
            ChatResponse response = await client.GetResponseAsync("hi");
            Assert.Equal(("builtin", true), (response.ModelId, response.Usage!.OutputTokenCount <= 2));
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetResponseAsync("hi"));
    }

    [Fact]
    public void The_path_comes_from_the_configuration_and_options_win_over_it()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Fathom:ModelPath", BuiltIn)]).Build();
        var services = new ServiceCollection();
        services.AddSingleton(configuration).AddFathom();
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal("builtin", provider.GetRequiredService<IChatClient>().GetService<ChatClientMetadata>()!.DefaultModelId);

        var others = new ServiceCollection();
        others.AddSingleton(configuration).AddFathom(options => options.ModelPath = "elsewhere/model.gguf");
        using ServiceProvider other = others.BuildServiceProvider();
        Assert.Equal("elsewhere/model.gguf", other.GetRequiredService<FathomOptions>().ModelPath);
        Assert.ThrowsAny<Exception>(() => other.GetRequiredService<FathomModel>());
    }

    [Fact]
    public void Without_a_path_the_error_says_what_to_do()
    {
        var services = new ServiceCollection();
        services.AddFathom();
        using ServiceProvider provider = services.BuildServiceProvider();
        string message = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<IChatClient>()).Message;
        Assert.Equal("No model is named. Set FathomOptions.ModelPath in AddFathom, or Fathom:ModelPath in the configuration, to a checkpoint folder or a .gguf file.", message);
    }

    [Fact]
    public async Task Functions_are_called_when_the_builder_is_asked_for_it_and_a_model_of_ones_own_is_used()
    {
        using FathomModel model = Scripted.Model(out _, Scripted.WeatherCall, "Fine.");
        var services = new ServiceCollection();
        services.AddSingleton(model).AddFathom(options => options.ModelId = "mine").UseFunctionInvocation();
        await using ServiceProvider provider = services.BuildServiceProvider();
        int calls = 0;
        AIFunction weather = AIFunctionFactory.Create((string city, int days) => calls++, "weather");
        ChatResponse response = await provider.GetRequiredService<IChatClient>().GetResponseAsync("hi", new ChatOptions { Tools = [weather] });
        Assert.Equal(("Fine.", 1, "mine"), (response.Messages[^1].Text, calls, response.ModelId));
    }

    [Fact]
    public void A_second_call_is_refused()
    {
        var services = new ServiceCollection();
        services.AddFathom();
        Assert.Throws<InvalidOperationException>(() => services.AddFathom());
    }
}
