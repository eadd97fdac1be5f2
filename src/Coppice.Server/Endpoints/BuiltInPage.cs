using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Coppice.Server;

/// <summary>A page to try the models, which takes nothing from anywhere else.</summary>
internal static class BuiltInPage
{
    // No script, style or picture but the page's own files, and no other site may show it in a frame.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>Adds the page's addresses to a server.</summary>
    /// <param name="app">The server.</param>
    public static void Map(WebApplication app)
    {
        Map(app, "/", "index.html", "text/html; charset=utf-8");
        Map(app, "/page.js", "page.js", "text/javascript; charset=utf-8");
        Map(app, "/page.css", "page.css", "text/css; charset=utf-8");
    }

    private static void Map(WebApplication app, string address, string file, string type)
    {
        using var stream = typeof(BuiltInPage).Assembly.GetManifestResourceStream(file)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        app.MapGet(address, context =>
        {
            context.Response.ContentType = type;
            context.Response.Headers.ContentSecurityPolicy = Policy;
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.CacheControl = "no-cache";
            return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
        });
    }
}
