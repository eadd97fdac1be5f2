using Coppice.Foundation;

namespace Coppice.Models.Hub;

/// <summary>Where a hub is, who asks, and where files are kept.</summary>
public sealed record HubOptions
{
    /// <summary>The hub's address.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>The token of whoever asks; null for nobody in particular. It is sent to the hub alone, never to where it redirects.</summary>
    public string? Token { get; init; }

    /// <summary>The folder of files that were fetched before, in the layout of Hugging Face's own cache, so that both share the files.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>The wait before the first repetition of a request that failed; each one after waits twice as long.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest that nothing may arrive before a request counts as failed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The options that the environment names, by the variables of Hugging Face's own tools: <c>HF_ENDPOINT</c>; <c>HF_TOKEN</c>, or else the file that
    /// <c>HF_TOKEN_PATH</c> names, or else <c>token</c> under <c>HF_HOME</c>; <c>HF_HUB_CACHE</c>, or else <c>hub</c> under <c>HF_HOME</c>.
    /// </summary>
    /// <param name="variable">Gives an environment variable, or null.</param>
    /// <exception cref="CoppiceException">The address is none.</exception>
    public static HubOptions FromEnvironment(Func<string, string?> variable)
    {
        var home = Given("HF_HOME")
            ?? (Given("XDG_CACHE_HOME") is { } cache ? Path.Combine(cache, "huggingface") : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "huggingface"));
        var options = new HubOptions
        {
            Token = Given("HF_TOKEN") ?? ReadToken(Given("HF_TOKEN_PATH") ?? Path.Combine(home, "token")),
            CacheFolder = Given("HF_HUB_CACHE") ?? Path.Combine(home, "hub"),
        };
        if (Given("HF_ENDPOINT") is not { } endpoint) return options;
        return Uri.TryCreate(endpoint.TrimEnd('/'), UriKind.Absolute, out var address) && address.Scheme is "https" or "http"
            ? options with { Endpoint = address }
            : throw CoppiceException.Usage($"HF_ENDPOINT is '{endpoint}'; an address such as https://huggingface.co is expected");

        string? Given(string name) => variable(name)?.Trim() is { Length: > 0 } value ? value : null;
    }

    private static string? ReadToken(string path)
    {
        try
        {
            return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } token ? token : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: the hub's token can't be read: {error.Message}", inner: error);
        }
    }
}
