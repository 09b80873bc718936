using Fathom.Inference;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Fathom.Extensions.AI;

/// <summary>Brings Fathom into a container of services.</summary>
public static class FathomServiceCollectionExtensions
{
    /// <summary>
    /// Adds one <see cref="FathomModel"/> and an <see cref="IChatClient"/> over it. The model is opened when it is first asked for and
    /// closed with the container; one that is in the container already is used instead, and then the options need no path.
    /// <code>builder.Services.AddFathom(options => options.ModelPath = "DeepSeek-V4-Flash").UseFunctionInvocation();</code>
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Sets the options, after the configuration; null to leave them.</param>
    /// <returns>A builder for what stands in front of the client, such as <c>UseFunctionInvocation()</c>.</returns>
    /// <exception cref="InvalidOperationException">The container has Fathom already. When no model is named, the same comes from asking for the model.</exception>
    public static ChatClientBuilder AddFathom(this IServiceCollection services, Action<FathomOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(service => service.ServiceType == typeof(FathomOptions)))
            throw new InvalidOperationException("AddFathom was called twice on the same services; a container holds one model, so keep one of the calls.");
        services.AddSingleton(provider => Configured(provider.GetService<IConfiguration>(), configure));
        services.TryAddSingleton(provider => Open(provider.GetRequiredService<FathomOptions>()));
        return services.AddChatClient(provider =>
        {
            FathomOptions options = provider.GetRequiredService<FathomOptions>();
            return provider.GetRequiredService<FathomModel>().AsIChatClient(options.Name, options.Chat);
        });
    }

    private static FathomOptions Configured(IConfiguration? configuration, Action<FathomOptions>? configure)
    {
        var options = new FathomOptions { ModelPath = configuration?[FathomOptions.ModelPathKey] };
        configure?.Invoke(options);
        return options;
    }

    private static FathomModel Open(FathomOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.ModelPath))
            throw new InvalidOperationException($"No model is named. Set {nameof(FathomOptions)}.{nameof(FathomOptions.ModelPath)} in AddFathom, or {FathomOptions.ModelPathKey} in the configuration, to a checkpoint folder or a .gguf file.");
        return FathomModel.Open(options.ModelPath, options.Model);
    }
}
