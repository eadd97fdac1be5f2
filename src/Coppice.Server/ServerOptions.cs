using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Models;

namespace Coppice.Server;

/// <summary>What is served, where, and within which limits.</summary>
public sealed record ServerOptions
{
    /// <summary>Model directories, directories of runs that hold a model, or GGUF files. A model has the name of its directory or file, or of its run's.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Adapters on the one model that is served, each under a name of its own.</summary>
    public IReadOnlyList<ServedAdapter> Adapters { get; init; } = [];

    /// <summary>The address to listen on: an IP address, or <c>localhost</c>.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The port; 0 for any that is free.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>A file with a key a line, one of which requests must carry; null for none. Empty lines and those that begin with # don't count.</summary>
    public string? ApiKeyFile { get; init; }

    /// <summary>A folder of runs: an update of a served model that appears in it takes the model's place; null for none.</summary>
    public string? WatchedFolder { get; init; }

    /// <summary>The most bytes of a request.</summary>
    public long MaxBodyBytes { get; init; } = 4L << 20;

    /// <summary>The most tokens that a request may ask for.</summary>
    public int MaxTokens { get; init; } = 4096;

    /// <summary>The longest that a request may take, from its arrival to its end.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How often it is looked for newer versions of the models.</summary>
    public TimeSpan WatchInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Threads to compute with; 0 for one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>In what the matrices of the models are held.</summary>
    public Quantization Quantization { get; init; }

    /// <summary>What each model's engine may take.</summary>
    public EngineOptions Engine { get; init; } = new();

    /// <summary>Receives lines for whoever runs the server: models that were loaded or could not be, errors of ours.</summary>
    public Action<string> Notice { get; init; } = _ => { };

    internal void Check()
    {
        if (Models.Count == 0) throw CoppiceException.Usage("name a model to serve");
        if (Adapters.Count > 0 && Models.Count > 1) throw CoppiceException.Usage("adapters are served with one model: start a server for each model that has some");
        if (Port is < 0 or > 65535) throw CoppiceException.Usage($"the port is {Port}; 0 to 65535 is expected");
        if (MaxBodyBytes < 1 || MaxTokens < 1 || Timeout <= TimeSpan.Zero) throw CoppiceException.Usage("the limits on body, tokens and time must be positive");
    }
}

/// <summary>An adapter that requests can name in place of its model.</summary>
/// <param name="Name">The name that requests have.</param>
/// <param name="Directory">The adapter's directory.</param>
public sealed record ServedAdapter(string Name, string Directory);
