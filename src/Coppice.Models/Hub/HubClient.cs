using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Models.Hub;

/// <summary>Speaks the hub's HTTP interface: what a repository holds, what a file is, a file's bytes from a place on.</summary>
/// <param name="name">The model.</param>
/// <param name="options">Where the hub is, and who asks.</param>
internal sealed class HubClient(HubName name, HubOptions options) : IDisposable
{
    /// <summary>How often a request is repeated that brought nothing.</summary>
    public const int MostFailures = 5;

    private const int MostRedirects = 10;
    private const long LargestAnswer = 64 << 20;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The commit that the model's revision stands for, and the names of the files in it.</summary>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="CoppiceException">There is no such model or revision, it may not be read, or the hub can't be reached.</exception>
    public async Task<(string Commit, IReadOnlySet<string> Files)> ListAsync(CancellationToken cancellation)
    {
        var address = Address($"api/models/{name.Repository}/revision/{Uri.EscapeDataString(name.Revision)}");
        return await RepeatAsync(
            async () =>
            {
                using var response = await SendAsync(HttpMethod.Get, address, cancellation).ConfigureAwait(false);
                Check(response, name.Repository);
                if (response.Content.Headers.ContentLength > LargestAnswer) throw Damaged(address, "the list of files is too long");
                await using var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
                using var json = await JsonDocument.ParseAsync(new LimitedStream(stream, LargestAnswer, options.Timeout), cancellationToken: cancellation).ConfigureAwait(false);
                return ReadList(address, json.RootElement);
            },
            cancellation).ConfigureAwait(false);
    }

    /// <summary>The size and checksum of a file.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="file">The file's name.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="CoppiceException">It is not there, may not be read, or the hub can't be reached.</exception>
    public async Task<HubFile> DescribeAsync(string commit, string file, CancellationToken cancellation)
    {
        var address = FileAddress(commit, file);
        return await RepeatAsync(
            async () =>
            {
                // Large files are elsewhere: the hub's own answer says what they are.
                using var response = await SendAsync(HttpMethod.Head, address, cancellation, stopAt: answer => answer.Headers.Contains("X-Linked-Etag")).ConfigureAwait(false);
                if ((int)response.StatusCode >= 400) Check(response, file);
                var tag = (Header(response, "X-Linked-Etag") ?? response.Headers.ETag?.Tag ?? "").Replace("W/", "", StringComparison.Ordinal).Trim('"');
                var size = long.TryParse(Header(response, "X-Linked-Size"), System.Globalization.CultureInfo.InvariantCulture, out var linked) ? linked : response.Content.Headers.ContentLength ?? -1;
                return size >= 0 && HubFile.IsChecksum(tag) ? new HubFile(file, size, tag) : throw Damaged(address, "size or checksum is missing");
            },
            cancellation).ConfigureAwait(false);
    }

    /// <summary>The answer with a file's bytes from a place on; the caller looks at its status.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="file">The file's name.</param>
    /// <param name="from">The first byte.</param>
    /// <param name="cancellation">Ends it early.</param>
    public Task<HttpResponseMessage> OpenAsync(string commit, string file, long from, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Get, FileAddress(commit, file), cancellation, from);

    /// <summary>Does something over the network until it works.</summary>
    /// <param name="work">Does it.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="CoppiceException">It failed too often.</exception>
    public async Task<T> RepeatAsync<T>(Func<Task<T>> work, CancellationToken cancellation)
    {
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await work().ConfigureAwait(false);
            }
            catch (Exception error) when (IsPassing(error, cancellation))
            {
                await WaitAsync(failures, error, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Whether it may work the next time.</summary>
    /// <param name="error">What went wrong.</param>
    /// <param name="cancellation">The user's wish to end it, which is no failure.</param>
    public static bool IsPassing(Exception error, CancellationToken cancellation) =>
        error is HttpRequestException or IOException or TryLaterException or TimeoutException or JsonException || (error is OperationCanceledException && !cancellation.IsCancellationRequested);

    /// <summary>Waits before a repetition.</summary>
    /// <param name="failures">How often it failed.</param>
    /// <param name="error">What went wrong.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="CoppiceException">It failed too often.</exception>
    public async Task WaitAsync(int failures, Exception error, CancellationToken cancellation)
    {
        if (failures >= MostFailures) throw new CoppiceException($"{options.Endpoint.Authority}: {Reason(error)}; what is here already is kept, so run it again later", inner: error);
        var wait = options.RetryDelay * Math.Pow(2, failures - 1);
        if (error is TryLaterException { After: { } asked } && asked > wait) wait = asked;
        await Task.Delay(wait < LongestWait ? wait : LongestWait, cancellation).ConfigureAwait(false);
    }

    /// <summary>Throws what an answer that is none says.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="what">What was asked for.</param>
    /// <exception cref="CoppiceException">It is not there, or may not be read.</exception>
    /// <exception cref="TryLaterException">It may be there later.</exception>
    public void Check(HttpResponseMessage response, string what)
    {
        var status = (int)response.StatusCode;
        if (status is >= 200 and < 300) return;
        if (status is 408 or 429 or >= 500) throw new TryLaterException(status, response.Headers.RetryAfter?.Delta);
        var who = options.Token is null ? "set HF_TOKEN where it is private" : "its owner must let the account of HF_TOKEN read it";
        throw new CoppiceException((status, Header(response, "X-Error-Code")) switch
        {
            (_, "GatedRepo") => $"{name}: its authors ask for consent first: give it on {Address(name.Repository)}, and set HF_TOKEN to a token of the account that did",
            (_, "RevisionNotFound") => $"{name}: there is no revision '{name.Revision}'",
            (_, "EntryNotFound") => $"{name}: there is no file '{what}'",
            (404, _) => $"{name}: there is no such model on {options.Endpoint.Authority}; check the name, and {who}",
            (401 or 403, _) => $"{name}: there is no such model on {options.Endpoint.Authority}, or it may not be read: check the name, and {who}",
            _ => $"{name}: {options.Endpoint.Authority} answers {status} for {what}",
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, CancellationToken cancellation, long from = 0, Func<HttpResponseMessage, bool>? stopAt = null)
    {
        for (var redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(method, address);
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("coppice", typeof(HubClient).Assembly.GetName().Version?.ToString(3)));
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
            if (from > 0) request.Headers.Range = new RangeHeaderValue(from, null);
            // Where the hub redirects to is none of the user's secrets' business.
            if (options.Token is { } token && IsHub(address)) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(options.Timeout);
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)
                || stopAt?.Invoke(response) == true) return response;
            var next = response.Headers.Location is { } location ? new Uri(address, location) : throw Damaged(address, "it redirects to nowhere");
            response.Dispose();
            if (redirects == MostRedirects) throw Damaged(address, "it redirects in a circle");
            if (next.Scheme != Uri.UriSchemeHttps && !(next.Scheme == Uri.UriSchemeHttp && address.Scheme == Uri.UriSchemeHttp)) throw Damaged(address, $"it redirects to {next.Scheme}, which is not safe");
            address = next;
        }
    }

    private (string Commit, IReadOnlySet<string> Files) ReadList(Uri address, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("sha", out var commit) || commit.ValueKind != JsonValueKind.String || !HubFile.IsChecksum(commit.GetString()!)
            || !json.TryGetProperty("siblings", out var siblings) || siblings.ValueKind != JsonValueKind.Array) throw Damaged(address, "commit or files are missing");
        var files = siblings.EnumerateArray().Select(file => file.ValueKind == JsonValueKind.Object && file.TryGetProperty("rfilename", out var path) && path.ValueKind == JsonValueKind.String
            ? path.GetString()!
            : throw Damaged(address, "a file has no name"));
        return (commit.GetString()!, files.ToHashSet(StringComparer.Ordinal));
    }

    private bool IsHub(Uri address) => Uri.Compare(address, options.Endpoint, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private Uri FileAddress(string commit, string file) => Address($"{name.Repository}/resolve/{commit}/{Uri.EscapeDataString(file)}");

    private Uri Address(string path) => new($"{options.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}");

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.First() : null;

    private static string Reason(Exception error) => error switch
    {
        TryLaterException { Status: 429 } => "too many requests were made, and it asks to wait",
        TryLaterException later => $"it answers {later.Status}",
        OperationCanceledException or TimeoutException => "nothing arrives",
        JsonException => "its answer is not JSON",
        _ => error.Message.TrimEnd('.'),
    };

    private static CoppiceException Damaged(Uri address, string what) => new($"{address}: this does not answer as a hub of models does: {what}");

    /// <summary>The hub says that it may work later.</summary>
    internal sealed class TryLaterException(int status, TimeSpan? after) : Exception
    {
        /// <summary>The HTTP status.</summary>
        public int Status => status;

        /// <summary>How long it asks to wait.</summary>
        public TimeSpan? After => after;
    }
}
