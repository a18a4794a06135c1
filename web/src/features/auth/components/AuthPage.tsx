import { Eye, EyeOff, MessagesSquare } from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "@/components/ui/Button";
import { TextField } from "@/components/ui/TextField";
import { useTexts } from "@/i18n/hooks";
import { useSession } from "@/lib/hooks";
import { type AuthMode, useAuthForm } from "../hooks/use-auth-form";
import styles from "./AuthPage.module.css";

/** The page to log in, or to create an account. */
export function AuthPage() {
  const { t } = useTexts();
  const session = useSession();
  const [mode, setMode] = useState<AuthMode>("login");
  const isLogin = mode === "login";
  return (
    <main className={styles.page}>
      <section className={styles.card}>
        <p className={styles.brand}>
          <MessagesSquare size={30} aria-hidden />
          Chatly
        </p>
        <p className={styles.tagline}>{t("auth.tagline")}</p>
        <h1 className={styles.title}>{t(isLogin ? "auth.loginTitle" : "auth.registerTitle")}</h1>
        {session.phase === "signed-out" && session.ended && <p className={styles.ended}>{t("auth.ended")}</p>}
        <AuthForm key={mode} mode={mode} />
        <p className={styles.other}>
          {t(isLogin ? "auth.noAccount" : "auth.haveAccount")}{" "}
          <button type="button" className={styles.link} onClick={() => setMode(isLogin ? "register" : "login")}>
            {t(isLogin ? "auth.register" : "auth.login")}
          </button>
        </p>
      </section>
    </main>
  );
}

function AuthForm({ mode }: { readonly mode: AuthMode }) {
  const { t } = useTexts();
  const form = useAuthForm(mode);
  const isNew = mode === "register";
  return (
    <form className={styles.form} onSubmit={form.submit} noValidate>
      {isNew && (
        <TextField
          label={t("auth.username")}
          hint={t("auth.usernameHint")}
          error={form.errors.username}
          autoComplete="username"
          autoFocus
          {...form.bind("username")}
        />
      )}
      <TextField
        label={t("auth.email")}
        type="email"
        dir="ltr"
        error={form.errors.email}
        autoComplete="email"
        autoFocus={!isNew}
        {...form.bind("email")}
      />
      <PasswordField mode={mode} form={form} />
      {form.failure && (
        <p className={styles.failure} role="alert">
          {form.failure}
        </p>
      )}
      <Button type="submit" look="primary" wide busy={form.busy}>
        {t(isNew ? "auth.register" : "auth.login")}
      </Button>
    </form>
  );
}

function PasswordField({ mode, form }: { mode: AuthMode; form: ReturnType<typeof useAuthForm> }) {
  const { t } = useTexts();
  const [shown, setShown] = useState(false);
  const isNew = mode === "register";
  return (
    <div className={styles.password}>
      <TextField
        label={t("auth.password")}
        hint={isNew ? t("auth.passwordHint") : undefined}
        error={form.errors.password}
        type={shown ? "text" : "password"}
        autoComplete={isNew ? "new-password" : "current-password"}
        {...form.bind("password")}
      />
      <IconButton
        className={styles.eye}
        label={t(shown ? "auth.hidePassword" : "auth.showPassword")}
        onClick={() => setShown(!shown)}
      >
        {shown ? <EyeOff size={18} /> : <Eye size={18} />}
      </IconButton>
    </div>
  );
}
