import { type KeyboardEvent, type PointerEvent, type RefCallback, useCallback, useRef, useState } from "react";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { useTexts } from "@/i18n/hooks";
import { type Crop, inside, LARGEST_ZOOM, MIDDLE, type Size, squareOf } from "./crop";
import styles from "./CropDialog.module.css";

const VIEW = 280;
const OUTPUT = 512;
const KEY_STEP = 0.03;

interface CropDialogProps {
  readonly file: File;
  readonly onCropped: (picture: Blob) => void;
  readonly onUnreadable: () => void;
  readonly onClose: () => void;
}

/** Crops a picture to a square, by dragging, arrow keys and a zoom. */
export function CropDialog({ file, onCropped, onUnreadable, onClose }: CropDialogProps) {
  const { t } = useTexts();
  const source = useFileSource(file);
  const [image, setImage] = useState<HTMLImageElement | null>(null);
  const [crop, setCrop] = useState<Crop>(MIDDLE);
  const size: Size = { width: image?.naturalWidth ?? 1, height: image?.naturalHeight ?? 1 };
  const { left, top, side } = squareOf(crop, size);
  const scale = VIEW / side;
  const move = (x: number, y: number): void => setCrop((now) => inside({ ...now, x: now.x + x, y: now.y + y }, size));

  // Some browsers report no movementX and movementY for touch.
  const lastPointer = useRef({ x: 0, y: 0 });
  const trackPointer = ({ clientX: x, clientY: y }: PointerEvent): void => void (lastPointer.current = { x, y });
  const onPointerMove = (event: PointerEvent): void => {
    if (event.buttons !== 1 || !event.isPrimary) return;
    const { x, y } = lastPointer.current;
    move((x - event.clientX) / scale / size.width, (y - event.clientY) / scale / size.height);
    trackPointer(event);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const x = Number(event.key === "ArrowRight") - Number(event.key === "ArrowLeft");
    const y = Number(event.key === "ArrowDown") - Number(event.key === "ArrowUp");
    if (x === 0 && y === 0) return;
    event.preventDefault();
    move(x * KEY_STEP, y * KEY_STEP);
  };
  const use = (): void => {
    if (image)
      void draw(image, squareOf(crop, size)).then((picture) => (picture ? onCropped(picture) : onUnreadable()));
  };
  return (
    <Dialog
      title={t("profile.cropTitle")}
      size="small"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="primary" disabled={!image} onClick={use}>
            {t("profile.usePicture")}
          </Button>
        </>
      }
    >
      <div
        className={styles.view}
        dir="ltr"
        tabIndex={0}
        role="application"
        aria-label={t("profile.cropTitle")}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          if (event.isPrimary) trackPointer(event);
        }}
        onPointerMove={onPointerMove}
        onKeyDown={onKeyDown}
      >
        <img
          ref={source}
          className={styles.image}
          alt=""
          draggable={false}
          style={{ transformOrigin: "0 0", transform: `scale(${scale}) translate(${-left}px, ${-top}px)` }}
          onLoad={(event) => setImage(event.currentTarget)}
          onError={onUnreadable}
        />
      </div>
      <label className={styles.zoom}>
        {t("profile.zoom")}
        <input
          type="range"
          min={1}
          max={LARGEST_ZOOM}
          step={0.02}
          value={crop.zoom}
          onChange={(event) => setCrop(inside({ ...crop, zoom: Number(event.target.value) }, size))}
        />
      </label>
    </Dialog>
  );
}

/** Return a ref that shows a file in an image element, and frees it when the element unmounts. */
function useFileSource(file: File): RefCallback<HTMLImageElement> {
  return useCallback(
    (image: HTMLImageElement) => {
      const url = URL.createObjectURL(file);
      image.src = url;
      return () => URL.revokeObjectURL(url);
    },
    [file],
  );
}

function draw(image: HTMLImageElement, { left, top, side }: ReturnType<typeof squareOf>): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(OUTPUT, Math.round(side));
  const context = canvas.getContext("2d");
  if (!context) return Promise.resolve(null);
  // JPEG has no transparency: draw on white.
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, left, top, side, side, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
}
