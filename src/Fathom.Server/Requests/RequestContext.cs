using Fathom.Inference;

namespace Fathom.Server.Requests;

/// <summary>What reading a request needs to know of the server.</summary>
/// <param name="Model">The served model.</param>
/// <param name="Options">How the server answers.</param>
/// <param name="Names">The names of the model.</param>
internal sealed record RequestContext(FathomModel Model, ServerOptions Options, ModelNames Names);
