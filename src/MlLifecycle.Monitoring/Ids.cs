using System.Security.Cryptography;
using System.Text;

namespace MlLifecycle.Monitoring;

/// <summary>Ids that follow from what they name, so that two requests for the same thing meet in one place, whoever comes first.</summary>
public static class Ids
{
    public static Guid Deployment(Guid project, string name) => Of($"deployment\n{project}\n{name}");

    /// <summary>An alert is known by the rule and the window in which it fired.</summary>
    public static Guid Alert(Guid deployment, string rule, int window) => Of($"alert\n{deployment}\n{rule}\n{window}");

    public static Guid Window(Guid deployment, int number) => Of($"window\n{deployment}\n{number}");

    private static Guid Of(string name)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(name));
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80); // version 8: a digest of the owner's making (RFC 9562)
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return new Guid(digest.AsSpan(0, 16), bigEndian: true);
    }
}
